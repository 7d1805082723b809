import { type ChunkStore, FlistError, type OpenChunkStoreOptions, openChunkStore } from '@tf-images/flist'
import { PipelineError } from '../errors.ts'
import type { HubSettings } from '../settings.ts'

/**
 * How a flist gets to a hub: `native` sends its chunks and then the flist as it is, `archive` sends a tar from which the hub
 * makes a flist of its own, for hubs without a chunk gateway.
 */
export type Route = 'native' | 'archive'

/** The route that is taken, and why. */
export type RouteChoice = { readonly route: Route; readonly reason: string }

export const routes = ['auto', 'native', 'archive'] as const

/** Patience with a gateway that may not be there. */
const PROBE = { attempts: 2 }

/** @throws PipelineError 'bad-settings' */
export function parseRoute(text: string): (typeof routes)[number] {
  const route = routes.find((known) => known === text)
  if (route) return route
  throw new PipelineError('bad-settings', `route "${text}": there is none; choose one of ${routes.join(', ')}`)
}

/**
 * Chooses a route. `auto` takes the native one wherever the gateway answers: a token that it refuses is an error, no reason
 * to go around it.
 *
 * @param asksGateway whether there is anything that depends on it, such as chunks to send
 * @throws FlistError when the gateway refuses the token
 */
export async function chooseRoute(
  wanted: (typeof routes)[number],
  settings: HubSettings,
  asksGateway: boolean,
  signal?: AbortSignal,
): Promise<RouteChoice> {
  if (wanted === 'native') return { route: 'native', reason: 'the hub keeps the flist as it is' }
  if (wanted === 'archive') return { route: 'archive', reason: 'asked for' }
  if (!asksGateway) return { route: 'native', reason: 'the backend has every chunk, only the flist is sent' }
  try {
    await (await openGateway({ ...settings, retry: { ...settings.retry, ...PROBE } }, signal)).close()
    return { route: 'native', reason: `${settings.gateway} takes the chunks the backend does not have` }
  } catch (error) {
    if (!(error instanceof FlistError) || error.code !== 'store-failed' || error.cause === undefined) throw error
    const reason = `${settings.gateway} can not be reached, so the hub makes a flist of its own; entrypoint, environment and ports are lost`
    return { route: 'archive', reason }
  }
}

/** Opens the chunk gateway with the token. */
export function openGateway(settings: HubSettings, signal?: AbortSignal): Promise<ChunkStore> {
  return openChunkStore(settings.gateway, { token: settings.token, ...storeOptions(settings, signal) })
}

/** Opens the backend, for reading as everybody does. */
export function openBackend(
  settings: Pick<HubSettings, 'backend' | 'retry'>,
  signal?: AbortSignal,
): Promise<ChunkStore> {
  return openChunkStore(settings.backend, storeOptions(settings, signal))
}

function storeOptions({ retry = {} }: Pick<HubSettings, 'retry'>, signal?: AbortSignal): OpenChunkStoreOptions {
  const { attempts, firstPause, deadline } = retry
  const patience = {
    ...(attempts === undefined ? {} : { attempts }),
    ...(firstPause === undefined ? {} : { firstPauseMs: firstPause }),
    ...(deadline === undefined ? {} : { deadlineMs: deadline }),
  }
  return { patience, ...(signal ? { signal } : {}) }
}
