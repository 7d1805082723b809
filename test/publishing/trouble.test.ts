import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mintToken } from '../../packages/twin/src/index.ts'
import { createPublishingWorld, type PublishingWorld, publishAs } from '../harness/publishing-world.ts'

/** What is wrong around a publisher: each a clear error, the old flist intact, and a rerun that converges. */

const OLD = 'app-000000000001.flist'
const NEW = 'app-000000000002.flist'

let world: PublishingWorld
beforeAll(async () => {
  world = await createPublishingWorld({ activeUsers: { 'shared.3bot': 'member.3bot' } })
})
afterAll(() => world[Symbol.asyncDispose]())

const users = () => join(world.folder, 'hub', 'users')
const served = (account: string) => readFile(join(users(), account, 'app.flist'))

async function scene(account: string): Promise<{ old: string; fresh: string }> {
  const old = await world.makeFlist({ a: `old ${account}` })
  const fresh = await world.makeFlist({ a: `new ${account}` })
  await publishAs(world, account, old, OLD)
  world.faults.reset()
  return { old, fresh }
}

async function expectUntouched(account: string, old: string, fresh: string): Promise<void> {
  expect(await served(account)).toEqual(await readFile(old))
  world.faults.reset()
  await publishAs(world, account, fresh, NEW)
  expect(await served(account)).toEqual(await readFile(fresh))
}

test('a token of another hub', async () => {
  const { old, fresh } = await scene('token.3bot')
  const token = mintToken(randomBytes(32), 'token.3bot')
  await expect(publishAs(world, 'token.3bot', fresh, NEW, { settings: { token } })).rejects.toMatchObject({
    code: 'unauthorized',
    message: expect.stringMatching(/account: refused \(401: invalid signature\); use a token of this hub/),
  })
  expect(world.faults.log.map(({ call }) => call)).toEqual(['account'])
  await expectUntouched('token.3bot', old, fresh)
})

test('a token that has expired', async () => {
  await using expired = await createPublishingWorld({ tokenLifetime: -1 })
  const fresh = await expired.makeFlist({ a: 'late' })
  await expect(publishAs(expired, 'expired.3bot', fresh, NEW)).rejects.toMatchObject({
    code: 'unauthorized',
    message: expect.stringMatching(/account: refused \(401: invalid signature\); use a token of this hub/),
  })
})

test('a token that the hub takes and the gateway refuses', async () => {
  const { old, fresh } = await scene('refused.3bot')
  await using other = await createPublishingWorld()
  const { gateway } = other.settings('refused.3bot')
  await expect(publishAs(world, 'refused.3bot', fresh, NEW, { settings: { gateway } })).rejects.toMatchObject({
    code: 'store-failed',
    message: expect.stringMatching(/^hub:\S+ refused: .*; check that the token is one of this hub/),
  })
  await expectUntouched('refused.3bot', old, fresh)
})

test('the repository of another user, and one that is shared', async () => {
  const { old, fresh } = await scene('owner.3bot')
  const member = { token: world.twin.mintToken('member.3bot') }
  const foreign = publishAs(world, 'member.3bot', fresh, NEW, { settings: { ...member, user: 'owner.3bot' } })
  await expect(foreign).rejects.toMatchObject({
    code: 'wrong-account',
    message: expect.stringContaining('the token writes to "member.3bot", not to "owner.3bot"'),
  })
  expect(await readdir(users())).not.toContain('member.3bot')
  await expectUntouched('owner.3bot', old, fresh)
  const shared = await publishAs(world, 'member.3bot', fresh, NEW, { settings: { ...member, user: 'shared.3bot' } })
  expect(shared.account).toBe('shared.3bot')
  expect(await readdir(users())).not.toContain('member.3bot')
})

test.each([
  [
    'backend',
    { server: 'gateway', call: 'SET', kind: 'full' },
    'store-failed',
    /^hub:\S+ refused: .*is down, full or read-only; look at it, then repeat/,
  ],
  [
    'hub',
    { server: 'hub', call: 'upload-flist', kind: 'full' },
    'server',
    /upload of .*: the hub failed.* \(500: .*\); look at the log of the hub/,
  ],
] as const)('a %s that is full', async (what, fault, code, message) => {
  const { old, fresh } = await scene(`full-${what}.3bot`)
  world.faults.add(fault)
  await expect(publishAs(world, `full-${what}.3bot`, fresh, NEW)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  })
  await expectUntouched(`full-${what}.3bot`, old, fresh)
})

test('a gateway that takes chunks and stores none', async () => {
  const { old, fresh } = await scene('forget.3bot')
  world.faults.add({ server: 'gateway', call: 'SET', kind: 'forget' })
  await expect(publishAs(world, 'forget.3bot', fresh, NEW)).rejects.toMatchObject({
    code: 'not-published',
    message: expect.stringMatching(/^zdb:\S+: 1 chunks are not there; check that it is the backend of hub:/),
  })
  await expectUntouched('forget.3bot', old, fresh)
})

test('a hub that answers success and stores nothing', async () => {
  const { old, fresh } = await scene('nothing.3bot')
  world.faults.add({ server: 'hub', call: 'upload-flist', kind: 'forget' })
  await expect(publishAs(world, 'nothing.3bot', fresh, NEW)).rejects.toMatchObject({
    code: 'mismatch',
    message: expect.stringMatching(/upload of .*: the hub has nothing there, the file has md5 \w+; .* run again$/),
  })
  await expectUntouched('nothing.3bot', old, fresh)
})

test('names a hub would change are refused before anything is written', async () => {
  const { old, fresh } = await scene('name.3bot')
  for (const name of ['sp ace.flist', 'ü.flist', '../up.flist', `${'n'.repeat(240)}.flist`]) {
    await expect(publishAs(world, 'name.3bot', fresh, name)).rejects.toMatchObject({ code: 'name-refused' })
    const links = ['app.flist', name]
    await expect(publishAs(world, 'name.3bot', fresh, NEW, { links })).rejects.toMatchObject({ code: 'name-refused' })
  }
  expect(world.faults.log).toEqual([])
  await expectUntouched('name.3bot', old, fresh)
})

test.each([
  ['far behind', 0],
  ['far ahead', 4_102_444_800],
])('a hub whose clock is %s', async (what, time) => {
  const account = `clock-${what.replace(' ', '-')}.3bot`
  const { old, fresh } = await scene(account)
  await utimes(join(users(), account, OLD), time, time)
  await expectUntouched(account, old, fresh)
  expect(await publishAs(world, account, fresh, NEW)).toMatchObject({ outcome: 'nothing' })
})

test('chunks that the local store has lost', async () => {
  const { old, fresh } = await scene('lost.3bot')
  const broken = { ...world, local: { ...world.local, get: () => world.hubChunks.get(Buffer.alloc(16)) } }
  await expect(publishAs(broken, 'lost.3bot', fresh, NEW)).rejects.toMatchObject({ code: 'chunk-missing' })
  await expectUntouched('lost.3bot', old, fresh)
})

test('chunks that the backend has lost since are sent again', async () => {
  const { fresh } = await scene('again.3bot')
  await publishAs(world, 'again.3bot', fresh, NEW)
  await rm(join(world.folder, 'hub', 'chunks'), { recursive: true })
  const repaired = await publishAs(world, 'again.3bot', fresh, NEW)
  expect(repaired).toMatchObject({ outcome: 'finish', storage: { toSend: { chunks: 1 } } })
})
