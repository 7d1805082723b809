import { existsSync } from 'node:fs'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CommandResult, flist } from '../harness/command.ts'
import { createPublishingWorld, type PublishingWorld } from '../harness/publishing-world.ts'
import { expectNoSecret } from '../harness/secrets.ts'

/** Publishing and releases as a user of the command line sees them: texts, JSON, exit status, and never a token. */

const ACCOUNT = 'cli.3bot'
const release = (number: number) => `app-1.${number}-00000000000${number}.flist`

let world: PublishingWorld
let env: Readonly<Record<string, string>>
const said: string[] = []
beforeAll(async () => {
  world = await createPublishingWorld()
  const { url, gateway, backend, token } = world.settings(ACCOUNT)
  env = { FLIST_HUB_URL: url, FLIST_HUB_GATEWAY: gateway, FLIST_HUB_BACKEND: backend, FLIST_HUB_TOKEN: token }
})
afterAll(() => world[Symbol.asyncDispose]())

async function run(args: readonly string[], change: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  const result = await flist(args, { env: { ...env, FLIST_DEBUG: '1', ...change } })
  said.push(result.stdout, result.stderr)
  return result
}

async function publish(number: number, ...args: string[]): Promise<CommandResult> {
  const path = join(world.folder, release(number))
  await copyFile(await world.makeFlist({ a: `release ${number}` }), path)
  return run(['publish', path, '--chunks', join(world.folder, 'chunks'), '--link', 'app.flist', ...args])
}

const followed = () => readFile(join(world.folder, 'hub', 'users', ACCOUNT, 'app.flist'))

test('a dry run prints the plan, as text, JSON and Markdown, and writes nothing', async () => {
  const text = await publish(1, '--dry-run')
  expect(text.code, text.stderr).toBe(0)
  expect(text.stdout).toMatch(new RegExp(`^publish: there is no ${release(1)}\naccount  ${ACCOUNT}\nroute    native: `))
  expect(text.stdout).toContain(`  5. make app.flist lead to ${release(1)} (it is new)`)
  const json = JSON.parse((await publish(1, '--dry-run', '--json')).stdout)
  expect(json).toMatchObject({ outcome: 'publish', storage: { toSend: { chunks: 1 }, sharedWith: [] } })
  expect((await publish(1, '--dry-run', '--markdown')).stdout).toContain('| unique chunks | 1 chunks, 9 bytes |')
  await expect(followed()).rejects.toMatchObject({ code: 'ENOENT' })
})

test('publish, publish the next one, look at the history, roll back, and prune', async () => {
  const first = await publish(1)
  expect(first.code, first.stderr).toBe(0)
  expect(first.stdout).toContain(`${env.FLIST_HUB_URL}/${ACCOUNT}/app.flist\n1 new chunks`)
  expect(first.stderr).toMatch(/✓ read back: read app\.flist back/)
  expect((await publish(1)).stdout).toContain(`nothing: ${release(1)} and its links are in place`)
  const second = await publish(2, '--json')
  expect(JSON.parse(second.stdout)).toMatchObject({ outcome: 'publish', account: ACCOUNT, target: release(2) })

  const history = await run(['history', 'app', '--hub-user', ACCOUNT], { FLIST_HUB_TOKEN: '' })
  expect(history.stdout).toMatch(new RegExp(`${release(2)}  ← app\\.flist\n.*${release(1)}\n$`))

  const planned = await run(['rollback', 'app', '--dry-run'])
  expect(planned.stdout).toBe(
    `tag ${release(2)} as withdrawn\nmake app.flist lead to ${release(1)}, not to ${release(2)}\n`,
  )
  expect((await run(['rollback', 'app'])).code).toBe(0)
  expect(await followed()).toEqual(await readFile(join(world.folder, release(1))))

  const pruned = await run(['prune', '--keep', '1'])
  expect(pruned.stdout).toMatch(/^(keep|delete) /m)
  expect((await run(['tag', 'v1', 'app', '--json'])).stdout).toContain(`"target": "${release(1)}"`)
  expect((await run(['promote', release(2), 'app'])).stdout).toContain(`make app.flist lead to ${release(2)}`)
})

test('what is wrong is told with its remedy, and the exit status', async () => {
  const missing = await run(['history', 'app'], { FLIST_HUB_TOKEN: '' })
  expect(missing.code).toBe(2)
  expect(missing.stderr).toContain('no account on http://')
  const refused = await run(['promote', 'app', 'b'], {
    FLIST_HUB_TOKEN: `${env.FLIST_HUB_TOKEN?.slice(0, -8)}AAAAAAA=`,
  })
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(/refused \(401: invalid signature\); use a token of this hub/)
  const noRelease = await run(['rollback', 'none'])
  expect(noRelease.code).toBe(1)
  expect(noRelease.stderr).toContain('none: its link leads to no release; see: flist history none')
  const chunks = join(world.folder, 'none')
  const noChunks = await run(['publish', join(world.folder, release(1)), '--chunks', chunks, '--link', 'b.flist'])
  expect(noChunks.code).toBe(1)
  expect(noChunks.stderr).toContain(`${chunks}: no such directory; give the chunk store that has the chunks`)
  expect(existsSync(chunks)).toBe(false)
  const noFile = await run(['history', 'app', '--hub-token-file', chunks])
  expect(noFile.code).toBe(2)
  expect(noFile.stderr).toContain(`"${chunks}": can not be read (ENOENT); give --hub-token-file a file that can`)
  const noFlist = await run(['publish', chunks, '--name', release(1), '--chunks', world.folder, '--link', 'b.flist'])
  expect(noFlist.stderr).toContain(`${chunks}: cannot be read`)
  const badName = await publish(1, '--link', 'sp ace.flist', '--dry-run')
  expect(badName.code).toBe(2)
  expect(badName.stderr).toContain('flist name "sp ace.flist": the hub would change it')
  expect((await publish(1, '--route', 'sideways')).stderr).toContain('choose one of auto, native, archive')
})

test('no command shows the token', () => {
  expect(said.length).toBeGreaterThan(20)
  expectNoSecret(said, [env.FLIST_HUB_TOKEN ?? ''])
})
