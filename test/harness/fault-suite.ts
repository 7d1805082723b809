import { readFileSync } from 'node:fs'
import { copyFile, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkFlist, openFlist } from '../../packages/flist/src/index.ts'
import { errorText } from '../../packages/pipeline/src/index.ts'
import { type Fault, faultsAt, type LoggedCall } from '../../packages/twin/src/index.ts'
import { followLink, md5Of } from './hub-reader.ts'
import { createPublishingWorld, publishAs } from './publishing-world.ts'
import { expectNoSecret } from './secrets.ts'

const OLD = 'app-000000000001.flist'
const NEW = 'app-000000000002.flist'
const LINKS = ['app-1.flist', 'app.flist']

type Scene = { readonly account: string; readonly old: string; readonly fresh: string }

/**
 * Every step of a publication × every fault that means something there. The steps are those of a clean run, recorded; the
 * cases follow from them. Two things hold in all: a reader of the link always gets a whole flist, and a rerun finishes.
 *
 * @param chosen which of the steps are the caller's
 */
export async function testFaults(chosen: (step: LoggedCall) => boolean): Promise<readonly LoggedCall[]> {
  const world = await createPublishingWorld()
  afterAll(() => world[Symbol.asyncDispose]())
  const hub = join(world.folder, 'hub')
  /** Everything that could carry a token: errors, results and progress of all runs. */
  const said: string[] = []
  const tokens = new Set<string>()
  let scenes = 0

  /** An account of its own with an old release, and a new flist with chunks that the hub does not have. */
  async function setScene(): Promise<Scene> {
    const id = scenes++
    const account = `case${id}.3bot`
    const old = await world.makeFlist({ a: `old ${id}`, shared: 'shared' }, { chunks: world.hubChunks })
    const fresh = await world.makeFlist({ a: `new ${id}`, b: `more ${id}`, shared: 'shared' })
    await mkdir(join(hub, 'users', account), { recursive: true })
    await copyFile(old, join(hub, 'users', account, OLD))
    for (const link of LINKS) await symlink(OLD, join(hub, 'users', account, link))
    world.faults.reset()
    return { account, old, fresh }
  }

  async function publish({ account, fresh }: Scene) {
    const { token } = world.settings(account)
    tokens.add(token)
    const result = await publishAs(world, account, fresh, NEW, { links: LINKS, settings: { token } })
    said.push(JSON.stringify(result))
    return result
  }

  /** Whichever flist the links give, the backend has every chunk of it. */
  async function expectComplete({ account }: Scene): Promise<void> {
    for (const link of LINKS) {
      using flist = await openFlist(join(hub, 'users', account, link))
      expect(await checkFlist(flist, world.hubChunks, { contents: true }), link).toMatchObject({ ok: true })
    }
  }

  /** The links give exactly this flist, and it is complete. */
  async function expectPublished(scene: Scene): Promise<void> {
    const users = join(hub, 'users', scene.account)
    for (const name of [...LINKS, NEW]) {
      expect(readFileSync(join(users, name)).equals(readFileSync(scene.fresh)), name).toBe(true)
    }
    await expectComplete(scene)
  }

  async function runCase(fault: Fault): Promise<void> {
    const scene = await setScene()
    const whole = new Set([md5Of(scene.old), md5Of(scene.fresh)])
    const readers = LINKS.map((link) => followLink(join(hub, 'users', scene.account, link), (md5) => whole.has(md5)))
    world.faults.add(fault)
    try {
      await publish(scene)
      await expectPublished(scene)
    } catch (error) {
      said.push(errorText(error), String((error as Error).stack), JSON.stringify(error))
      expect(['HubError', 'FlistError', 'PipelineError'], String(error)).toContain((error as Error).name)
    }
    world.faults.reset()
    await expectComplete(scene)
    await publish(scene)
    await expectPublished(scene)
    expect(await publish(scene)).toMatchObject({ outcome: 'nothing' })
    const listed = await readdir(join(hub, 'users', scene.account))
    expect(listed.sort()).toEqual([OLD, NEW, ...LINKS].sort())
    expect((await Promise.all(readers.map((reader) => reader.stop()))).flat()).toEqual([])
  }

  const clean = await setScene()
  await publish(clean)
  const steps = [...world.faults.log]
  const faults = steps
    .filter(chosen)
    .flatMap(({ server, call, nth }) =>
      faultsAt({ server, call }).map((effect): Fault => ({ ...effect, server, call, nth })),
    )

  test.each(faults.map((fault) => [caseName(fault), fault] as const))('%s', (_, fault) => runCase(fault))

  test('no token is in any error, result or progress of all of these', () => {
    expect(said.length).toBeGreaterThan(2 * faults.length)
    expectNoSecret([...said, ...world.progress], tokens)
  })
  return steps
}

function caseName({ server, call, nth, ...effect }: Fault): string {
  return `${server} ${call} ${nth}: ${Object.values(effect).join(' ')}`
}
