import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkFlist, openFlist } from '../../packages/flist/src/index.ts'
import { type FaultEffect, Faults, type TwinServer } from '../../packages/twin/src/index.ts'
import { followLink, md5Of } from '../harness/hub-reader.ts'
import { createPublishingWorld, publishAs } from '../harness/publishing-world.ts'

/**
 * A publisher that is killed (SIGKILL) at every step: when the hub has just got a request, which it then carries out, or not.
 * The links keep giving a whole flist, and running again finishes the job.
 */

const OLD = 'app-000000000001.flist'
const NEW = 'app-000000000002.flist'

/** Calls a function at one of the requests, whichever server gets it. */
class Tripwire extends Faults {
  count = 0
  at = Number.POSITIVE_INFINITY
  onTrip = (): readonly FaultEffect[] => []

  override enter(server: TwinServer, call: string, text: string): readonly FaultEffect[] {
    const effects = super.enter(server, call, text)
    if (call === 'connection') return effects
    this.count += 1
    return this.count === this.at ? [...effects, ...this.onTrip()] : effects
  }
}

const tripwire = new Tripwire()
const world = await createPublishingWorld({ faults: tripwire })
afterAll(() => world[Symbol.asyncDispose]())
const hub = join(world.folder, 'hub')
const script = join(import.meta.dirname, '..', 'harness', 'publish-process.ts')

type Scene = { readonly account: string; readonly old: string; readonly fresh: string }

async function setScene(id: number): Promise<Scene> {
  const account = `killed${id}.3bot`
  const old = await world.makeFlist({ a: `old ${id}` }, { chunks: world.hubChunks })
  const fresh = await world.makeFlist({ a: `new ${id}`, b: `more ${id}` })
  await mkdir(join(hub, 'users', account), { recursive: true })
  await copyFile(old, join(hub, 'users', account, OLD))
  await symlink(OLD, join(hub, 'users', account, 'app.flist'))
  tripwire.count = 0
  tripwire.at = Number.POSITIVE_INFINITY
  return { account, old, fresh }
}

type Publisher = { kill(): void; readonly ready: Promise<void>; run(): Promise<NodeJS.Signals | number | null> }

/** Starts a publisher; it waits until it is told to run. */
function startPublisher({ account, fresh }: Scene): Publisher {
  const args = [script, fresh, join(world.folder, 'chunks'), NEW, 'app.flist']
  // Whoever is killed leaves what it has downloaded; it goes with the world.
  const env = { ...process.env, TMPDIR: world.folder }
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
  const closed = once(child, 'close')
  return {
    kill: () => void child.kill('SIGKILL'),
    ready: once(child.stdout, 'data').then(() => {}),
    async run() {
      child.stdin.end(JSON.stringify(world.settings(account)))
      const [code, signal] = await closed
      return signal ?? code
    },
  }
}

async function expectPublished({ account, fresh }: Scene): Promise<void> {
  const users = join(hub, 'users', account)
  for (const name of ['app.flist', NEW]) {
    expect(readFileSync(join(users, name)).equals(readFileSync(fresh)), name).toBe(true)
  }
  await expectComplete(account)
}

/** Whichever flist the link gives, the backend has every chunk of it. */
async function expectComplete(account: string): Promise<void> {
  using flist = await openFlist(join(hub, 'users', account, 'app.flist'))
  expect(await checkFlist(flist, world.hubChunks, { contents: true })).toMatchObject({ ok: true })
}

let scenes = 0
const clean = await setScene(scenes++)
const cleanPublisher = startPublisher(clean)
await cleanPublisher.ready
const cleanRun = await cleanPublisher.run()
const steps = tripwire.count
const names = tripwire.log.slice(-steps).map(({ server, call, nth }) => `${server} ${call} ${nth}`)

test('the clean run of a process', async () => {
  expect(cleanRun).toBe(0)
  await expectPublished(clean)
})

const isWrite = (name: string) => /SET|upload-flist|rename|link/.test(name)
const cases = names.flatMap((name, index) => [
  { name: `${name}, which is carried out`, at: index + 1, effects: [] as readonly FaultEffect[] },
  ...(isWrite(name)
    ? [{ name: `${name}, which is not`, at: index + 1, effects: [{ kind: 'drop-request', after: 0 }] as const }]
    : []),
])
test.each(cases)('killed at $name', async ({ at, effects }) => {
  const scene = await setScene(scenes++)
  const publisher = startPublisher(scene)
  await publisher.ready
  const whole = new Set([scene.old, scene.fresh].map(md5Of))
  const reader = followLink(join(hub, 'users', scene.account, 'app.flist'), (md5) => whole.has(md5))
  tripwire.at = at
  tripwire.onTrip = () => {
    publisher.kill()
    return effects
  }
  expect(await publisher.run()).toBe('SIGKILL')
  tripwire.at = Number.POSITIVE_INFINITY
  await expectComplete(scene.account)
  await publishAs(world, scene.account, scene.fresh, NEW)
  await expectPublished(scene)
  expect(await publishAs(world, scene.account, scene.fresh, NEW)).toMatchObject({ outcome: 'nothing' })
  expect((await readdir(join(hub, 'users', scene.account))).sort()).toEqual([OLD, NEW, 'app.flist'])
  expect(await reader.stop()).toEqual([])
})
