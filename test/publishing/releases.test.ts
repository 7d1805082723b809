import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HubSession } from '../../packages/pipeline/src/index.ts'
import {
  promoteFlist,
  prune,
  readHistory,
  rollBack,
  tagReleases,
  untagReleases,
  withSession,
} from '../../packages/pipeline/src/releases/index.ts'
import { createPublishingWorld, type PublishingWorld, publishAs } from '../harness/publishing-world.ts'

let world: PublishingWorld
beforeAll(async () => {
  world = await createPublishingWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const release = (number: number) => `app-1.${number}-00000000000${number}.flist`
const pathOf = (account: string, name: string) => join(world.folder, 'hub', 'users', account, name)
const session = <T>(account: string, body: (session: HubSession) => Promise<T>) =>
  withSession(world.settings(account), undefined, body)

/** Releases 1 … n, a day apart, the last one linked. */
async function publishReleases(account: string, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await publishAs(world, account, await world.makeFlist({ a: `${account} ${number}` }), release(number))
    await utimes(pathOf(account, release(number)), number * 86_400, number * 86_400)
  }
}

async function linked(account: string, link = 'app.flist'): Promise<string | undefined> {
  const info = await session(account, ({ hub }) => hub.light(account, link))
  return info?.type === 'symlink' ? info.target : undefined
}

test('the history comes from the listing of the hub', async () => {
  const account = 'history.3bot'
  await publishReleases(account, 3)
  await publishAs(world, account, await world.makeFlist({ a: 'of another image' }), 'app-ssh-0000000000aa.flist', {
    links: ['app-ssh.flist'],
  })
  const origin = { digest: 'sha256:abc', treeHash: 'aa' }
  await publishAs(world, account, await world.makeFlist({ a: '4' }, { metadata: { image: origin } }), release(4))
  const history = await session(account, (opened) => readHistory(opened, 'app', 3))
  expect(history).toMatchObject({ image: 'app', account, current: release(4), omitted: 1 })
  expect(history.releases.map(({ name, version, links }) => [name, version, links])).toEqual([
    [release(4), '1.4', ['app.flist']],
    [release(3), '1.3', []],
    [release(2), '1.2', []],
  ])
  expect(history.releases[0]).toMatchObject(origin)
})

test('a rollback goes to the release before, and marks what it left', async () => {
  const account = 'rollback.3bot'
  await publishReleases(account, 3)
  const settings = world.settings(account)
  const planned = await session(account, (opened) => rollBack(opened, settings, 'app', { dryRun: true }))
  expect(planned.steps).toEqual([
    `tag ${release(3)} as withdrawn`,
    `make app.flist lead to ${release(2)}, not to ${release(3)}`,
  ])
  expect(await linked(account)).toBe(release(3))

  await session(account, (opened) => rollBack(opened, settings, 'app'))
  expect(await linked(account)).toBe(release(2))
  const withdrawn = () =>
    session(account, ({ hub }) => hub.tags(account, 'withdrawn')).then((rows) => rows.map(({ name }) => name))
  expect(await withdrawn()).toEqual([release(3)])

  await session(account, (opened) => rollBack(opened, settings, 'app', { to: release(1) }))
  expect(await linked(account)).toBe(release(1))
  const oldest = session(account, (opened) => rollBack(opened, settings, 'app'))
  await expect(oldest).rejects.toMatchObject({
    code: 'not-published',
    message: `app: ${release(1)} is the oldest release; see: flist history app, then give --to <name>`,
  })

  await session(account, (opened) => promoteFlist(opened, settings, release(3), 'app'))
  expect(await linked(account)).toBe(release(3))
  expect(await withdrawn()).toEqual([release(2)])
})

test('a rollback that can not be done changes nothing', async () => {
  const [account, other] = ['refused.3bot', 'foreign.3bot']
  await publishReleases(account, 2)
  await publishReleases(other, 1)
  const fresh = await world.makeFlist({ a: 'of another image' })
  await publishAs(world, account, fresh, 'web-0000000000aa.flist', { links: ['web.flist'] })
  const back = (to?: string) =>
    session(account, (opened) => rollBack(opened, world.settings(account), 'app', to === undefined ? {} : { to }))
  for (const to of ['nothing', 'web', 'web-0000000000aa', `${other}/${release(1)}`]) {
    await expect(back(to)).rejects.toMatchObject({
      code: 'not-published',
      message: `app: has no release "${to.replace('.flist', '')}.flist"; see: flist history app`,
    })
  }
  await writeFile(pathOf(account, release(1)), 'damaged')
  await expect(back()).rejects.toMatchObject({ code: 'not-published' })
  expect(await linked(account)).toBe(release(2))
  const tags = session(account, ({ hub }) => hub.tags(account, 'withdrawn'))
  await expect(tags).rejects.toMatchObject({ code: 'not-found' })
})

test('a promotion moves a link to what another one leads to, or copies from another repository', async () => {
  const [account, other] = ['promote.3bot', 'source.3bot']
  await publishReleases(account, 1)
  await publishAs(world, account, await world.makeFlist({ a: 'tested' }), release(2), { links: ['app-testing.flist'] })
  const settings = world.settings(account)
  const promoted = await session(account, (opened) => promoteFlist(opened, settings, 'app-testing', 'app'))
  expect(promoted).toMatchObject({ link: 'app.flist', before: release(1), target: release(2) })
  expect(await linked(account)).toBe(release(2))

  await publishReleases(other, 3)
  const copied = await session(account, (opened) => promoteFlist(opened, settings, `${other}/app`, 'app'))
  expect(copied).toMatchObject({ copiedFrom: `${other}/${release(3)}`, target: release(3) })
  expect(await readFile(pathOf(account, 'app.flist'))).toEqual(await readFile(pathOf(other, release(3))))
})

test('what is not whole is not promoted', async () => {
  const account = 'broken.3bot'
  await publishReleases(account, 2)
  const settings = world.settings(account)
  const promote = (from: string, to: string) => session(account, (opened) => promoteFlist(opened, settings, from, to))
  await expect(promote('app-9', 'app')).rejects.toMatchObject({ code: 'not-published' })
  await expect(promote(release(1), release(2))).rejects.toMatchObject({ code: 'name-taken' })
  world.faults.add({ server: 'backend', call: 'EXISTS', kind: 'error', body: 'json' })
  await expect(promote(release(1), 'app')).rejects.toMatchObject({ code: 'store-failed' })
  world.faults.reset()
  expect(await linked(account)).toBe(release(2))
})

test('a dry run refuses the names that the hub would', async () => {
  const account = 'names.3bot'
  await publishReleases(account, 1)
  const [settings, dry] = [world.settings(account), { dryRun: true }]
  const promoted = session(account, (opened) => promoteFlist(opened, settings, 'app', 'sp ace', dry))
  await expect(promoted).rejects.toMatchObject({ code: 'name-refused' })
  const tagged = session(account, (opened) => tagReleases(opened, 'v 1', ['app'], dry))
  await expect(tagged).rejects.toMatchObject({ code: 'name-refused' })
})

test('tags keep what names led to', async () => {
  const account = 'tags.3bot'
  await publishReleases(account, 1)
  await session(account, (opened) => tagReleases(opened, 'v1', ['app']))
  await publishAs(world, account, await world.makeFlist({ a: 'next' }), release(2))
  const tagged = await fetch(`${world.twin.url}/${account}/tags/v1/app.flist`)
  expect(Buffer.from(await tagged.arrayBuffer())).toEqual(await readFile(pathOf(account, release(1))))

  await expect(session(account, (opened) => untagReleases(opened, 'v1', ['none']))).rejects.toThrow(
    'tag "v1": has no "none.flist"; it has app.flist',
  )
  await session(account, (opened) => untagReleases(opened, 'v1', []))
  expect((await fetch(`${world.twin.url}/${account}/tags/v1/app.flist`)).status).toBe(404)
})

test('pruning keeps what a link or a tag of any repository leads to, and the newest', async () => {
  const [account, other] = ['prune.3bot', 'follower.3bot']
  await publishReleases(account, 8)
  await publishReleases(other, 1)
  const settings = world.settings(account)
  await session(account, (opened) => promoteFlist(opened, settings, release(1), 'app-stable'))
  await session(account, (opened) => tagReleases(opened, 'v2', [release(2)]))
  await session(other, ({ hub }) => hub.crosslink(account, release(3), 'followed.flist'))
  await session(other, ({ hub }) => hub.tag('theirs', 'app.flist', account, release(4)))
  await session(account, ({ hub }) => hub.crosslink(account, release(5), 'own.flist'))
  const options = { images: ['app'], keep: 2, repositories: [other] }
  const planned = await session(account, (opened) => prune(opened, { ...options, dryRun: true }))
  expect(planned.map(({ name, action, why }) => [name, action, why])).toEqual([
    [release(8), 'keep', 'app.flist leads to it'],
    [release(7), 'keep', 'one of the newest 2'],
    [release(6), 'delete', 'release 3 of 8 of app; nothing leads to it'],
    [release(5), 'keep', `${account}/own.flist leads to it`],
    [release(4), 'keep', `${other}/tags/theirs/app.flist leads to it`],
    [release(3), 'keep', `${other}/followed.flist leads to it`],
    [release(2), 'keep', `${account}/tags/v2/${release(2)} leads to it`],
    [release(1), 'keep', 'app-stable.flist leads to it'],
  ])
  expect((await session(account, (opened) => readHistory(opened, 'app', 20))).releases).toHaveLength(8)

  await session(account, (opened) => prune(opened, { ...options, dryRun: false }))
  const { releases } = await session(account, (opened) => readHistory(opened, 'app', 20))
  expect(releases.map(({ name }) => name)).toEqual([8, 7, 5, 4, 3, 2, 1].map(release))
})

test('a release goes with the builds that were recorded as equal to it', async () => {
  const account = 'aliases.3bot'
  const build = (id: string) => ({ metadata: { image: { digest: id } } })
  await publishAs(world, account, await world.makeFlist({ a: 'same' }, build('1')), release(1))
  await publishAs(world, account, await world.makeFlist({ a: 'same' }, build('2')), release(2))
  await publishAs(world, account, await world.makeFlist({ a: 'other' }, build('3')), release(3))
  const { releases } = await session(account, (opened) => readHistory(opened, 'app', 20))
  expect(releases.find(({ name }) => name === release(1))).toMatchObject({ equalBuilds: [release(2)], links: [] })
  await session(account, (opened) => prune(opened, { images: [], keep: 1, repositories: [], dryRun: false }))
  const names = (await session(account, ({ hub }) => hub.list(account))).map(({ name }) => name)
  expect(names).toEqual([release(3), 'app.flist'])
})
