import { onTestFinished } from 'vitest'
import { HubClient } from '../src/hub-client.ts'
import { type ModelHub, startModelHub } from './model-hub.ts'

export const TOKEN = 'AbCdEfGh-secret_token-0123456789=='

/** A model of a hub with two repositories, and a client that writes to one of them. */
export async function given(attempts = 4, uploadDeadline = 20_000) {
  const model = await startModelHub()
  model.store('alice', 'old', '1 10 old')
  model.store('alice', 'other', '2 20 other')
  model.store('bob', 'his', '4 40 his')
  model.repositories.get('alice')?.set('link.flist', { type: 'symlink', target: 'old.flist' })
  model.repositories.get('alice')?.set('stable', { type: 'taglink', target: 'alice/tags/v1' })
  model.tags.set('alice/tags/v1', new Map([['a.flist', 'alice/old.flist']]))
  const hub = new HubClient({ url: model.url, token: TOKEN, firstPause: 1, attempts, uploadDeadline, user: 'alice' })
  onTestFinished(() => hub.close())
  return { model, hub }
}

/** Everything consumers can see. */
export function stateOf({ repositories, tags }: ModelHub): unknown {
  return structuredClone({ repositories, tags })
}
