import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { given, stateOf, TOKEN } from '../test/model-client.ts'
import type { Fault, ModelHub } from '../test/model-hub.ts'
import { HubError } from './errors.ts'
import type { HubClient } from './hub-client.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-changes-'))
  await writeFile(join(folder, 'new.flist'), '3 30 new')
  await writeFile(join(folder, 'new.tar.gz'), '3 30')
})
afterAll(() => rm(folder, { recursive: true }))

/** Every change a client makes: what is there, the call, and what consumers get afterwards. */
const changes: Readonly<
  Record<string, readonly [(hub: HubClient) => Promise<unknown>, (model: ModelHub) => unknown, unknown]>
> = {
  'upload of a flist': [
    (hub) => hub.uploadFlist(join(folder, 'new.flist'), 'old.flist'),
    ({ resolve }) => resolve('alice', 'old'),
    '3 30 new',
  ],
  'upload of an archive': [
    (hub) => hub.upload(join(folder, 'new.tar.gz'), 'old.flist', { expect: { regular: 3, fullsize: 30 } }),
    ({ resolve }) => resolve('alice', 'old')?.slice(0, 4),
    '3 30',
  ],
  'upload onto a link that may be deleted': [
    (hub) => hub.uploadFlist(join(folder, 'new.flist'), 'link.flist', { onLink: 'delete' }),
    ({ resolve }) => [resolve('alice', 'link'), resolve('alice', 'old')],
    ['3 30 new', '1 10 old'],
  ],
  delete: [(hub) => hub.delete('old.flist'), ({ resolve }) => resolve('alice', 'old'), undefined],
  'delete of a taglink': [
    (hub) => hub.delete('stable', { taglink: true }),
    ({ repositories }) => repositories.get('alice')?.has('stable'),
    false,
  ],
  link: [(hub) => hub.link('other.flist', 'link.flist'), ({ resolve }) => resolve('alice', 'link'), '2 20 other'],
  'a new link': [(hub) => hub.link('old.flist', 'more.flist'), ({ resolve }) => resolve('alice', 'more'), '1 10 old'],
  crosslink: [
    (hub) => hub.crosslink('bob', 'his', 'link.flist'),
    ({ resolve }) => resolve('alice', 'link'),
    '4 40 his',
  ],
  crosstag: [
    (hub) => hub.crosstag('latest', 'alice', 'v1'),
    ({ repositories }) => repositories.get('alice')?.get('latest'),
    { type: 'taglink', target: 'alice/tags/v1' },
  ],
  tag: [
    (hub) => hub.tag('v1', 'b.flist', 'bob', 'his.flist'),
    ({ tags }) => [...(tags.get('alice/tags/v1') ?? [])],
    [
      ['a.flist', 'alice/old.flist'],
      ['b.flist', 'bob/his.flist'],
    ],
  ],
  untag: [(hub) => hub.untag('v1', 'a.flist', 'alice', 'old.flist'), ({ tags }) => tags.has('alice/tags/v1'), false],
  rename: [
    (hub) => hub.rename('old.flist', 'fresh.flist'),
    ({ resolve }) => [resolve('alice', 'old'), resolve('alice', 'fresh')],
    [undefined, '1 10 old'],
  ],
  'rename over another flist': [
    (hub) => hub.rename('old.flist', 'other.flist', { overwrite: true }),
    ({ resolve }) => [resolve('alice', 'old'), resolve('alice', 'other')],
    [undefined, '1 10 old'],
  ],
  'rename over a link, in one step': [
    (hub) => hub.rename('other.flist', 'link.flist', { onLink: 'replace' }),
    ({ resolve }) => [resolve('alice', 'other'), resolve('alice', 'link'), resolve('alice', 'old')],
    [undefined, '2 20 other', '1 10 old'],
  ],
  promote: [(hub) => hub.promote('bob', 'his', 'fresh.flist'), ({ resolve }) => resolve('alice', 'fresh'), '4 40 his'],
  'promote over another flist': [
    (hub) => hub.promote('bob', 'his', 'old.flist', { overwrite: true }),
    ({ resolve }) => resolve('alice', 'old'),
    '4 40 his',
  ],
  merge: [
    (hub) => hub.merge('both.flist', ['alice/old', 'bob/his.flist']),
    ({ resolve }) => resolve('alice', 'both')?.slice(0, 8),
    '1 10 old',
  ],
  'docker conversion': [
    (hub) => hub.docker('debian:12'),
    ({ resolve }) => resolve('alice', 'debian-12')?.slice(0, 4),
    '2 20',
  ],
}
const faults: readonly Fault[] = ['lost-before', 'lost-after', 'bad-gateway-before', 'bad-gateway-after', 'later']
const all = Object.keys(changes)
/** Begun once, and waited for: a second conversion would write to the same file. */
const isDocker = (name: string) => name.startsWith('docker')

describe.each(all)('%s', (name) => {
  const [change, seen, expected] = changes[name] as (typeof changes)[string]

  test('does what it says, with one request', async () => {
    const { model, hub } = await given()
    await change(hub)
    expect(seen(model)).toEqual(expected)
    expect(model.effects).toHaveLength(name.includes('may be deleted') ? 2 : 1)
  })

  const passing = isDocker(name) ? faults.filter((fault) => !fault.endsWith('before')) : faults
  test.each(passing)('%s once: it is done in the end, and only once', async (fault) => {
    const { model, hub } = await given()
    model.faults.push(fault)
    await change(hub)
    expect(seen(model)).toEqual(expected)
    expect(model.effects).toHaveLength(name.includes('may be deleted') ? 2 : 1)
  })

  test.each(passing.flatMap((first) => passing.map((second) => [first, second] as const)))(
    '%s, then %s: it is done in the end',
    async (...both) => {
      const { model, hub } = await given()
      model.faults.push(...both)
      await change(hub)
      expect(seen(model)).toEqual(expected)
    },
  )

  test.each(['lost-before', 'bad-gateway-before', 'later'] as const)(
    '%s every time: an error without the token, nothing changed, and a rerun does it',
    async (fault) => {
      const { model, hub } = await given(2, isDocker(name) ? 1000 : undefined)
      const before = stateOf(model)
      model.faults.push(fault, fault)
      const error = await change(hub).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(HubError)
      expect(['network', 'server']).toContain((error as HubError).code)
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(TOKEN)
      expect(stateOf(model)).toEqual(before)
      model.faults.length = 0
      await change(hub)
      expect(seen(model)).toEqual(expected)
    },
  )
})
