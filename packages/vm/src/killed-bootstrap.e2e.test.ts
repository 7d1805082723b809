import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { createWorkFolder } from './work-folder.ts'

const script = new URL('../test/bootstrap-process.ts', import.meta.url).pathname

/** The processes that have `folder` among their arguments or their mounts, whatever namespace they are in. */
async function usersOf(folder: string): Promise<string[]> {
  const users: string[] = []
  for (const id of await readdir('/proc')) {
    if (!/^\d+$/.test(id)) continue
    const read = (name: string) => readFile(`/proc/${id}/${name}`, 'utf8').catch(() => '')
    const [command, mounts] = [await read('cmdline'), await read('mountinfo')]
    if (command.includes(folder) || mounts.includes(folder)) users.push(`${id} ${command.replaceAll('\0', ' ')}`)
  }
  return users
}

test('kill -9 of who started it: no process and no mount stays, and the next one removes its files', async () => {
  await using folder = await temporaryFolder()
  await chmod(folder.path, 0o755)
  const temporary = join(folder.path, 'tmp')
  await mkdir(temporary)
  const child = spawn(process.execPath, [script, temporary, join(folder.path, 'root.tar')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  // By then the packages' scripts run, with /proc and /dev mounted in the root.
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('installing essential')) break
  await expect.poll(async () => (await usersOf(temporary)).length, { timeout: 20_000 }).toBeGreaterThan(1)
  child.kill('SIGKILL')
  await ended
  await expect.poll(() => usersOf(temporary), { timeout: 5000 }).toEqual([])
  // Nothing writes there any more.
  const left = await readdir(temporary, { recursive: true })
  await sleep(300)
  expect((await readdir(temporary, { recursive: true })).length).toBe(left.length)
  expect(left.length).toBeGreaterThan(100)
  const { path } = await createWorkFolder(temporary)
  expect((await readdir(temporary)).map((name) => join(temporary, name))).toEqual([path])
})
