import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HubClient } from '../packages/hub/src/index.ts'
import { type FaultEffect, Faults } from '../packages/twin/src/index.ts'
import { publish, tarOf, temporaryFolder, testTwin } from '../packages/twin/src/test-twin.ts'
import { toyFlist } from '../packages/twin/src/toy-flist.ts'

const ALICE = 'alice.3bot'
const BOB = 'bob.3bot'

/** Two repositories on a twin, with a flist, a link, a tag and a link to it, and a client that writes to the first. */
async function given() {
  const faults = new Faults()
  const twin = await testTwin({ faults })
  await publish(twin, ALICE, 'old.flist', 'old')
  await publish(twin, ALICE, 'other.flist', 'other')
  await publish(twin, BOB, 'his.flist', 'his')
  const options = { url: twin.url, token: twin.mintToken(ALICE), attempts: 3, firstPause: 1, uploadDeadline: 5000 }
  const hub = new HubClient(options)
  onTestFinished(() => hub.close())
  await hub.link('old.flist', 'link.flist')
  await hub.tag('v1', 'a.flist', ALICE, 'old.flist')
  await hub.crosstag('stable', ALICE, 'v1')
  faults.reset()
  return { faults, hub, twin }
}

type Given = Awaited<ReturnType<typeof given>>
type Change = {
  /** The twin's name of the call. */
  readonly call: string
  readonly run: (given: Given) => Promise<unknown>
  /** What consumers see, and what that is afterwards. */
  readonly seen: (hub: HubClient) => Promise<unknown>
  readonly expected: unknown
}

const isThere = async (hub: HubClient, name: string) => (await hub.md5(ALICE, name)) !== undefined
const isSame = async (hub: HubClient, name: string, user: string, source: string) =>
  (await hub.md5(ALICE, name)) === (await hub.md5(user, source))
const filesOf = async (hub: HubClient, name: string) => (await hub.contents(ALICE, name))?.regular

const changes: Readonly<Record<string, Change>> = {
  uploadFlist: { call: 'upload-flist', run: uploadFlist, seen: (hub) => filesOf(hub, 'fresh'), expected: 1 },
  upload: { call: 'upload', run: uploadArchive, seen: (hub) => filesOf(hub, 'fresh'), expected: 3 },
  delete: {
    call: 'delete',
    run: ({ hub }) => hub.delete('other.flist'),
    seen: (hub) => isThere(hub, 'other'),
    expected: false,
  },
  link: {
    call: 'link',
    run: ({ hub }) => hub.link('other.flist', 'link.flist'),
    seen: (hub) => isSame(hub, 'link', ALICE, 'other'),
    expected: true,
  },
  crosslink: {
    call: 'crosslink',
    run: ({ hub }) => hub.crosslink(BOB, 'his', 'link.flist'),
    seen: (hub) => isSame(hub, 'link', BOB, 'his'),
    expected: true,
  },
  crosstag: {
    call: 'crosstag',
    run: ({ hub }) => hub.crosstag('latest', ALICE, 'v1'),
    seen: (hub) => hub.taglink(ALICE, 'latest'),
    expected: `${ALICE}/tags/v1`,
  },
  tag: {
    call: 'tag',
    run: ({ hub }) => hub.tag('v1', 'b.flist', BOB, 'his.flist'),
    seen: async (hub) => (await hub.tags(ALICE, 'v1')).map(({ target }) => target),
    expected: [`${ALICE}/old.flist`, `${BOB}/his.flist`],
  },
  untag: {
    call: 'untag',
    run: ({ hub }) => hub.untag('v1', 'a.flist', ALICE, 'old.flist'),
    seen: async (hub) => (await hub.list(ALICE)).some(({ type }) => type === 'tag'),
    expected: false,
  },
  rename: {
    call: 'rename',
    run: ({ hub }) => hub.rename('other.flist', 'fresh.flist'),
    seen: async (hub) => [await isThere(hub, 'other'), await isThere(hub, 'fresh')],
    expected: [false, true],
  },
  promote: {
    call: 'promote',
    run: ({ hub }) => hub.promote(BOB, 'his', 'fresh.flist'),
    seen: (hub) => isSame(hub, 'fresh', BOB, 'his'),
    expected: true,
  },
  merge: {
    call: 'merge',
    run: ({ hub }) => hub.merge('both.flist', [`${ALICE}/old`, `${BOB}/his`]),
    seen: (hub) => filesOf(hub, 'both'),
    expected: 1,
  },
  docker: {
    call: 'docker',
    run: ({ hub }) => hub.docker('toy'),
    seen: (hub) => filesOf(hub, 'toy-latest'),
    expected: 1,
  },
}

/** Its only chunk is stored already. */
async function uploadFlist({ hub }: Given): Promise<void> {
  const path = join(await temporaryFolder(), 'fresh.flist')
  await writeFile(path, toyFlist({ fresh: 'old' }))
  await hub.uploadFlist(path, 'fresh.flist')
}

/** The metadata is a file of toy flists too, so one more than the archive has. */
async function uploadArchive({ hub, twin }: Given): Promise<void> {
  const path = join(await temporaryFolder(), 'fresh.tar.gz')
  await writeFile(path, await tarOf({ a: 'one', b: 'two' }))
  const { port } = twin.backend
  const metadata = JSON.stringify({ backend: { namespace: 'default', host: '127.0.0.1', port } })
  await hub.upload(path, 'fresh.flist', { expect: { regular: 3, fullsize: 6 + metadata.length } })
}

const faults: Readonly<Record<string, FaultEffect>> = {
  'a lost answer': { kind: 'drop-response', after: 0 },
  'half an answer': { kind: 'drop-response', after: 20 },
  'a lost request': { kind: 'drop-request', after: 0 },
}

describe.each(Object.keys(changes))('%s', (name) => {
  const { call, run, seen, expected } = changes[name] as Change

  test('does on the twin what it says', async () => {
    const world = await given()
    expect(await seen(world.hub)).not.toEqual(expected)
    await run(world)
    expect(await seen(world.hub)).toEqual(expected)
  })

  const passing = Object.entries(faults).filter(([, { kind }]) => call !== 'docker' || kind === 'drop-response')
  test.each(passing)('%s: it is done in the end', async (_, effect) => {
    const world = await given()
    world.faults.add({ server: 'hub', call, nth: 1, ...effect })
    await run(world)
    expect(await seen(world.hub)).toEqual(expected)
  })

  test('"success" and nothing done: an error, and a rerun does it', async () => {
    const world = await given()
    world.faults.add({ server: 'hub', call, kind: 'forget' })
    await expect(run(world)).rejects.toMatchObject({ name: 'HubError', code: 'mismatch' })
    world.faults.reset()
    await run(world)
    expect(await seen(world.hub)).toEqual(expected)
  })
})
