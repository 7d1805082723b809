import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { repository, runCommand } from './harness/command.ts'

const PROGRAM = join(repository, 'packages', 'cli', 'src', 'main.ts')

/** The command with a seed file and a folder of its own. */
async function twinCommand() {
  const folder = await mkdtemp(join(tmpdir(), 'twin-command-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const seed = join(folder, 'seed')
  await writeFile(seed, `${randomBytes(32).toString('hex')}\n`)
  const ports = ['--port', '0', '--gateway-port', '0', '--backend-port', '0']
  return [PROGRAM, 'twin', '--seed-file', seed, '--root', join(folder, 'hub'), ...ports]
}

test('a private hub: strict, with a token from the command, until it is interrupted', async () => {
  const command = await twinCommand()
  const { code, stdout } = await runCommand(process.execPath, [...command, '--token-for', 'alice.3bot'])
  expect(code).toBe(0)
  const token = stdout.trim()

  const hub = spawn(process.execPath, [...command, '--strict', '--active-user', 'shared=alice.3bot'])
  onTestFinished(() => void hub.kill('SIGKILL'))
  const [line] = await once(createInterface(hub.stdout), 'line')
  const url = String(line).replace('hub ', '')
  const account = async (repository: string) => {
    const headers = { Authorization: `bearer ${token}`, Cookie: `active-user=${repository}` }
    return (await fetch(`${url}/api/flist/me`, { headers })).text()
  }
  expect(await account('shared')).toContain('{"username": "shared"}')
  expect(await account('bob')).toContain('may not write as')
  expect(await (await fetch(url)).text()).toContain('strict')
  hub.kill('SIGINT')
  expect(await once(hub, 'exit')).toEqual([0, null])
})

test.each([
  [['--port', '65536'], "option '--port <number>' argument '65536' is invalid. give a port; 0 takes any free one"],
  [['--active-user', 'shared'], 'give REPOSITORY=USER'],
  [['--token-for', 'a/b'], 'user "a/b": not a repository name; use a name like "alice.3bot"'],
])('%j is refused', async (args, message) => {
  const { code, stderr } = await runCommand(process.execPath, [...(await twinCommand()), ...args])
  expect(code).not.toBe(0)
  expect(stderr).toContain(message)
})
