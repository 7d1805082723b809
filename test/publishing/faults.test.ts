import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkFlist, openChunkStore, openFlist } from '../../packages/flist/src/index.ts'
import { errorText } from '../../packages/pipeline/src/index.ts'
import { type Fault, faultsAt, type LoggedCall } from '../../packages/twin/src/index.ts'
import { followLink, md5Of } from '../harness/hub-reader.ts'
import { createPublishingWorld, type PublishingWorld, publishAs } from '../harness/publishing-world.ts'
import { expectNoSecret } from '../harness/secrets.ts'

/**
 * Every step of a publication × every fault that means something there. The steps are those of a clean run, recorded; the
 * cases follow from them. Two things hold in all: a reader of the link always gets a whole flist, and a rerun finishes.
 */

const OLD = 'app-000000000001.flist'
const NEW = 'app-000000000002.flist'

const world: PublishingWorld = await createPublishingWorld()
/** Everything that could carry a token: errors, results and progress of all runs. */
const said: string[] = []
const tokens = new Set<string>()
afterAll(() => world[Symbol.asyncDispose]())

let cases = 0

type Scene = { readonly account: string; readonly old: string; readonly fresh: string }

/** An account of its own with an old release, and a new flist with chunks that the hub does not have. */
async function setScene(): Promise<Scene> {
  const id = cases++
  const account = `case${id}.3bot`
  const old = await world.makeFlist({ a: `old ${id}`, shared: 'shared' })
  const fresh = await world.makeFlist({ a: `new ${id}`, b: `more ${id}`, shared: 'shared' })
  world.faults.reset()
  await publish(account, old, OLD)
  return { account, old, fresh }
}

async function publish(account: string, flist: string, name: string) {
  const settings = world.settings(account)
  tokens.add(settings.token)
  const links = ['app-1.flist', 'app.flist']
  const result = await publishAs(world, account, flist, name, { links, settings: { token: settings.token } })
  said.push(JSON.stringify(result))
  return result
}

/** What a clean run asks of the hub, its gateway and its backend. */
async function recordCleanRun(): Promise<readonly LoggedCall[]> {
  const { account, fresh } = await setScene()
  world.faults.reset()
  await publish(account, fresh, NEW)
  return [...world.faults.log]
}

const steps = await recordCleanRun()
const faults: readonly Fault[] = steps.flatMap(({ server, call, nth }) =>
  faultsAt({ server, call }).map((effect): Fault => ({ ...effect, server, call, nth })),
)

function caseName({ server, call, nth, ...effect }: Fault): string {
  return `${server} ${call} ${nth}: ${Object.values(effect).join(' ')}`
}

/** The link gives exactly this flist, it is whole, and the backend has every chunk. */
async function expectPublished({ account, fresh }: Scene, name: string): Promise<void> {
  const users = join(world.folder, 'hub', 'users', account)
  for (const each of ['app-1.flist', 'app.flist', name]) {
    expect(readFileSync(join(users, each)).equals(readFileSync(fresh)), each).toBe(true)
  }
  using flist = await openFlist(join(users, 'app.flist'))
  const chunks = await openChunkStore(join(world.folder, 'hub', 'chunks'))
  expect(await checkFlist(flist, chunks, { contents: true })).toMatchObject({ ok: true })
  await chunks.close()
}

async function runCase(fault: Fault): Promise<'done' | 'failed'> {
  const scene = await setScene()
  const whole = new Map([
    [md5Of(scene.old), 'old'],
    [md5Of(scene.fresh), 'new'],
  ])
  const readers = ['app.flist', 'app-1.flist'].map((link) => followLink(join(world.folder, 'hub'), scene.account, link, whole))
  world.faults.reset()
  world.faults.add(fault)
  let outcome: 'done' | 'failed' = 'done'
  try {
    await publish(scene.account, scene.fresh, NEW)
    await expectPublished(scene, NEW)
  } catch (error) {
    outcome = 'failed'
    said.push(errorText(error), String((error as Error).stack), JSON.stringify(error))
    expect(['HubError', 'FlistError', 'PipelineError']).toContain((error as Error).name)
  }
  world.faults.reset()
  await publish(scene.account, scene.fresh, NEW)
  await expectPublished(scene, NEW)
  expect(await publish(scene.account, scene.fresh, NEW)).toMatchObject({ outcome: 'nothing' })
  const listed = await readdir(join(world.folder, 'hub', 'users', scene.account))
  expect(listed.sort()).toEqual([OLD, NEW, 'app-1.flist', 'app.flist'].sort())
  expect((await Promise.all(readers.map((reader) => reader.stop()))).flat()).toEqual([])
  return outcome
}

test('the clean run goes through every kind of step', () => {
  const calls = new Set(steps.map(({ server, call }) => `${server} ${call}`))
  for (const call of ['hub account', 'hub light', 'hub list', 'hub upload-flist', 'hub download', 'hub rename', 'hub link']) {
    expect(calls).toContain(call)
  }
  for (const call of ['gateway AUTH', 'gateway SET', 'backend SELECT', 'backend EXISTS']) expect(calls).toContain(call)
  expect(faults.length).toBeGreaterThan(200)
})

describe('a reader of the link always gets a whole flist, and a rerun converges', () => {
  test.each(faults.map((fault) => [caseName(fault), fault] as const))('%s', async (_, fault) => {
    await runCase(fault)
  })
})

test('no token is in any error, result or progress of all of these', () => {
  expect(said.length).toBeGreaterThan(faults.length)
  expectNoSecret([...said, ...world.progress], tokens)
})
