import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { bootstrapDebian } from './index.ts'

const sourceDateEpoch = 1_700_000_000

/** Mode, owner, size and time of each member by its name, as tar(1) lists them. */
async function list(tar: string): Promise<Map<string, string>> {
  const run = promisify(execFile)
  const options = { maxBuffer: 64 * 1024 * 1024, env: { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C.UTF-8' } }
  const { stdout } = await run('tar', ['--list', '--verbose', '--numeric-owner', '--file', tar], options)
  const rows = stdout.split('\n').map((row) => /^(\S+ \S+) +(\S+ \S+ \S+) (.+)$/.exec(row))
  return new Map(rows.flatMap((row) => (row ? [[row[3] ?? '', `${row[1]} ${row[2]}`]] : [])))
}

async function read(tar: string, name: string): Promise<string> {
  return (await promisify(execFile)('tar', ['--extract', '--to-stdout', '--file', tar, name])).stdout
}

test('a Debian root that nothing of this machine is in', async () => {
  await using folder = await temporaryFolder()
  const output = join(folder.path, 'root.tar')
  const lines: string[] = []
  const onProgress = (line: string) => lines.push(line)
  await bootstrapDebian({
    release: 'bookworm',
    components: ['main'],
    include: ['less'],
    sourceDateEpoch,
    output,
    onProgress,
  })

  expect(lines.filter((line) => line.startsWith('installing')).length).toBeGreaterThan(0)
  const members = await list(output)
  const epoch = '2023-11-14 22:13'
  expect([...members.keys()][0]).toBe('./dev/')
  for (const name of ['./dev/', './proc/', './sys/', './run/'])
    expect(members.get(name)).toBe(`drwxr-xr-x 0/0 0 ${epoch}`)
  expect(members.get('./tmp/')).toBe(`drwxrwxrwt 0/0 0 ${epoch}`)
  for (const name of ['./etc/machine-id', './etc/resolv.conf'])
    expect(members.get(name)).toBe(`-rw-r--r-- 0/0 0 ${epoch}`)
  expect(members.get('./usr/bin/less')).toMatch(/^-rwxr-xr-x 0\/0/)
  expect(members.get('./usr/sbin/policy-rc.d')).toMatch(/^-rwxr-xr-x 0\/0/)
  expect(await read(output, './etc/hostname')).toBe('localhost\n')
  expect(await read(output, './etc/apt/sources.list')).toContain('bookworm-security')

  const names = [...members.keys()]
  const below = (directory: string) => names.filter((name) => name.startsWith(directory) && name !== directory)
  expect(below('./dev/')).toEqual([])
  expect(below('./tmp/')).toEqual([])
  expect(below('./var/lib/apt/lists/')).toEqual(['./var/lib/apt/lists/lock', './var/lib/apt/lists/partial/'])
  expect(below('./var/cache/apt/').filter((name) => /\.(deb|bin)$/.test(name))).toEqual([])
  expect(below('./var/log/').filter((name) => !/ 0 20/.test(members.get(name) ?? ''))).toEqual([])
  expect(names.filter((name) => /ssh_host_|-old$|\.dockerenv/.test(name))).toEqual([])
  expect([...members.values()].filter((row) => /^[bc]/.test(row))).toEqual([])
  expect(
    [...members.values()]
      .map((row) => row.slice(-16))
      .sort()
      .at(-1),
  ).toBe(epoch)

  const bytes = await readFile(output)
  expect(bytes.includes(`\n${hostname()}\n`)).toBe(false)
})
