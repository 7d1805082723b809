import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flistMaker } from '../../packages/cli/src/flist-making.ts'
import { openFlist } from '../../packages/flist/src/index.ts'
import { createPublishingWorld, type PublishingWorld, publishAs } from '../harness/publishing-world.ts'

/** Hubs without a gateway: the tree goes as an archive, and the hub makes a flist of it. */

const OLD = 'app-000000000001.flist'
const NEW = 'app-000000000002.flist'
/** Where nobody listens. */
const NO_GATEWAY = { settings: { gateway: 'hub://127.0.0.1:1' }, route: 'auto' } as const

let world: PublishingWorld
beforeAll(async () => {
  world = await createPublishingWorld({ flistMaker })
})
afterAll(() => world[Symbol.asyncDispose]())

const pathOf = (account: string, name: string) => join(world.folder, 'hub', 'users', account, name)

test('without a gateway the archive route is taken, and its reason told', async () => {
  const flist = await world.makeFlist({ a: 'archived', b: 'x'.repeat(1_000_000), empty: '' })
  const publication = await publishAs(world, 'archive.3bot', flist, NEW, NO_GATEWAY)
  expect(publication.route).toEqual({
    route: 'archive',
    reason:
      'hub://127.0.0.1:1 can not be reached, so the hub makes a flist of its own; entrypoint, environment and ports are lost',
  })
  expect(publication.steps.map(({ kind }) => kind)).toEqual(['upload', 'check', 'name', 'link', 'check links'])
  using made = await openFlist(pathOf('archive.3bot', 'app.flist'))
  const names = [...made.walk()].map(({ path }) => path)
  expect(names).toEqual(['', 'a', 'b', 'empty'])
})

test('a rerun of the archive route converges', async () => {
  const account = 'rerun.3bot'
  const flist = await world.makeFlist({ a: 'again', b: 'more' }, { metadata: { entrypoint: ['/a'] } })
  const again = () => publishAs(world, account, flist, NEW, NO_GATEWAY)
  await again()
  const made = await readFile(pathOf(account, NEW))
  expect(await again()).toMatchObject({ outcome: 'nothing', steps: [], route: { route: 'archive' } })
  // As an interruption before the links leaves it.
  await rm(pathOf(account, 'app.flist'))
  expect(await again()).toMatchObject({ outcome: 'finish' })
  expect(await readFile(pathOf(account, 'app.flist'))).toEqual(made)
  const other = await world.makeFlist({ a: 'other', b: 'more' })
  const refused = publishAs(world, account, other, NEW, NO_GATEWAY)
  await expect(refused).rejects.toMatchObject({ code: 'name-taken' })
  // By the native route entrypoint and the like count.
  await expect(publishAs(world, account, flist, NEW)).rejects.toMatchObject({ code: 'name-taken' })

  await rm(join(world.folder, 'hub', 'chunks'), { recursive: true })
  expect(await again()).toMatchObject({ outcome: 'publish', reason: `what is at ${NEW} is replaced` })
  expect(await again()).toMatchObject({ outcome: 'nothing' })
})

test('with a gateway the native route is taken, unless the other one is asked for', async () => {
  const flist = await world.makeFlist({ a: 'native' })
  expect((await publishAs(world, 'native.3bot', flist, NEW, { route: 'auto' })).route).toEqual({
    route: 'native',
    reason: `${world.settings('native.3bot').gateway} takes the chunks the backend does not have`,
  })
  const asked = await publishAs(world, 'asked.3bot', flist, NEW, { route: 'archive' })
  expect(asked.route).toEqual({ route: 'archive', reason: 'asked for' })
})

test('a hub that can not make a flist of it leaves the old one', async () => {
  const old = await world.makeFlist({ a: 'old' })
  const fresh = await world.makeFlist({ a: 'fresh' })
  await publishAs(world, 'down.3bot', old, OLD)
  world.faults.add({ server: 'hub', call: 'upload', kind: 'backend-down' })
  await expect(publishAs(world, 'down.3bot', fresh, NEW, { route: 'archive' })).rejects.toMatchObject({
    name: 'HubError',
  })
  expect(await readFile(pathOf('down.3bot', 'app.flist'))).toEqual(await readFile(old))
  world.faults.reset()
  await publishAs(world, 'down.3bot', fresh, NEW, { route: 'archive' })
  using made = await openFlist(pathOf('down.3bot', 'app.flist'))
  expect(made.lookup('a')).toMatchObject({ size: 5 })
})

test('a gateway that is away for now is no reason to lose what a flist says about itself', async () => {
  const flist = await world.makeFlist({ a: 'kept' }, { metadata: { entrypoint: ['/a'] } })
  const { settings } = NO_GATEWAY
  await expect(publishAs(world, 'away.3bot', flist, NEW, { settings })).rejects.toMatchObject({
    code: 'store-failed',
    message: expect.stringMatching(/^hub:\/\/127\.0\.0\.1:1: cannot connect/),
  })
  await publishAs(world, 'away.3bot', flist, NEW)
  expect(await readFile(pathOf('away.3bot', 'app.flist'))).toEqual(await readFile(flist))
})
