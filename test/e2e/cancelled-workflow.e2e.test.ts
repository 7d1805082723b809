import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkFlist, openChunkStore, openFlist } from '../../packages/flist/src/index.ts'
import { type FaultEffect, Faults, type TwinServer } from '../../packages/twin/src/index.ts'
import { commitRecipes, createRepository } from '../act/workflow-repository.ts'
import { runWorkflow, type WorkflowRun } from '../act/workflow-run.ts'
import { followLink, type HubReader, md5Of } from '../harness/hub-reader.ts'
import { recipesWithBase } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/**
 * A person cancels a run while its job publishes, at one step after the other, and runs the workflow again each time. Whoever follows
 * the link meanwhile always gets a whole flist.
 */

/** Calls a function when a step of the publication reaches the hub. */
class Tripwire extends Faults {
  step = ''
  onTrip = () => {}

  override enter(server: TwinServer, call: string, text: string): readonly FaultEffect[] {
    const effects = super.enter(server, call, text)
    if (call !== 'connection' && this.step === `${server} ${call} ${this.log.at(-1)?.nth}`) this.onTrip()
    return effects
  }
}

const tripwire = new Tripwire()
let world: World
let repository: string
let link: string
let old: string
/** Md5 of each flist that the link ever gave. */
const seen = new Set<string>()
let reader: HubReader

beforeAll(async () => {
  world = await createWorld({ faults: tripwire })
  link = join(world.folder, 'hub', 'users', account, 'app.flist')
  const base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder)
  repository = await createRepository(join(world.folder, 'repository'), { ...recipesWithBase(base), ...app('old') })
  const { code, log } = await run()
  expect(code, log).toBe(0)
  old = await readlink(link)
  reader = followLink(link, (md5) => Boolean(seen.add(md5)))
  await commitRecipes(repository, app('new'))
})
afterAll(async () => {
  await reader.stop()
  await world[Symbol.asyncDispose]()
})

const app = (text: string) => ({
  'images/app/image.yaml': { description: 'An app', base: 'tiny', files: [{ target: '/etc/text', content: text }] },
})

function run(cancelBy?: (cancel: () => void) => void): Promise<WorkflowRun> {
  const { FLIST_HUB_URL = '', FLIST_HUB_GATEWAY = '', FLIST_HUB_BACKEND = '' } = world.env
  const hub = { HUB_URL: FLIST_HUB_URL, HUB_GATEWAY: FLIST_HUB_GATEWAY, HUB_BACKEND: FLIST_HUB_BACKEND }
  return runWorkflow({
    repository,
    workflow: '.github/workflows/flists.yml',
    event: 'push',
    vars: { REGISTRY: world.registry, HUB_USER: account, ...hub },
    secrets: { HUB_TOKEN: world.token, GITHUB_TOKEN: 'none' },
    actions: repository,
    folder: world.folder,
    ...(cancelBy ? { cancelBy } : {}),
  })
}

test.each<[string, TwinServer, string, number, FaultEffect]>([
  ['chunks are sent', 'gateway', 'SET', 1, { kind: 'drop-response', after: 0 }],
  ['half of the flist is there', 'hub', 'upload-flist', 1, { kind: 'half-applied', stage: 'half-written' }],
  ['the flist gets its name', 'hub', 'rename', 1, { kind: 'drop-response', after: 0 }],
  // The flist has its name by now: this rename is the link's.
  ['the link would be moved', 'hub', 'rename', 1, { kind: 'drop-request', after: 0 }],
])('cancelled when %s: the link gives what it gave before', async (_, server, call, nth, effect) => {
  tripwire.reset()
  tripwire.add({ server, call, nth, ...effect })
  tripwire.step = `${server} ${call} ${nth}`
  const { code, jobs, log } = await run((cancel) => {
    tripwire.onTrip = cancel
  })
  expect(code, log).not.toBe(0)
  expect(tripwire.log.map((each) => `${each.server} ${each.call} ${each.nth}`)).toContain(tripwire.step)
  expect(jobs.publish).not.toBe('success')
  expect(await readlink(link)).toBe(old)
})

test('the next run finishes: the link gives the new flist, whole, and nothing is left of the others', async () => {
  tripwire.reset()
  tripwire.step = ''
  const { code, log } = await run()
  expect(code, log).toBe(0)
  const fresh = await readlink(link)
  expect(fresh).not.toBe(old)
  using flist = await openFlist(link)
  const chunks = await openChunkStore(join(world.folder, 'hub', 'chunks'))
  expect(await checkFlist(flist, chunks, { contents: true })).toMatchObject({ ok: true })
  await chunks.close()
  const folder = join(world.folder, 'hub', 'users', account)
  expect((await readdir(folder)).sort()).toEqual([old, fresh, 'app.flist'].sort())
  expect(await reader.stop()).toEqual([])
  expect(seen).toEqual(new Set([old, fresh].map((name) => md5Of(join(folder, name)))))
})
