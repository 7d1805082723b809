import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compress, compressions } from '../../test/kernels.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { type CpioEntry, readCpio, writeCpio } from './cpio.ts'
import { readInitrd } from './read-initrd.ts'

const entry = (name: string, text = ''): CpioEntry => ({ name, mode: 0o100644, content: Buffer.from(text) })
const archive = (...names: readonly string[]) => Buffer.from(writeCpio(names.map((name) => entry(name, `of ${name}`))))

test.each(compressions)('an archive that is compressed with %s', (compression) => {
  const { entries, segments } = readInitrd(compress(compression, archive('init', 'bin/sh')))
  expect([...entries.keys()]).toEqual(['init', 'bin/sh'])
  expect(segments).toEqual([{ offset: 0, compression, entries: 2 }])
})

test('plain archives, zeros and compressed ones in a chain, as Ubuntu and the microcode loader make it', () => {
  const first = Buffer.concat([archive('kernel/x86/microcode/a.bin', 'init'), Buffer.alloc(512)])
  const second = compress('zstd', archive('init'))
  const third = compress('gzip', Buffer.concat([archive('a'), Buffer.alloc(300), archive('b')]))
  const { entries, segments } = readInitrd(Buffer.concat([first, second, Buffer.alloc(4), third, Buffer.alloc(9)]))
  expect([...entries.keys()]).toEqual(['kernel/x86/microcode/a.bin', 'init', 'a', 'b'])
  expect(segments.map(({ compression, entries: count }) => [compression, count])).toEqual([
    [undefined, 2],
    ['zstd', 1],
    ['gzip', 2],
  ])
})

test('what cpio(1) writes is read', async () => {
  await using folder = await temporaryFolder()
  await mkdir(join(folder.path, 'a'))
  await writeFile(join(folder.path, 'a', 'file'), 'hello')
  await symlink('file', join(folder.path, 'a', 'link'))
  const packed = execFileSync('sh', ['-c', 'find . | sort | cpio --create --format=newc --quiet'], { cwd: folder.path })
  const { entries } = readInitrd(packed)
  const contents = [...entries].map(([name, { mode, content }]) => [name, mode >> 12, Buffer.from(content).toString()])
  expect(contents).toEqual([
    ['.', 4, ''],
    ['a', 4, ''],
    ['a/file', 8, 'hello'],
    ['a/link', 10, 'file'],
  ])
})

test('what is written is what cpio(1) reads, devices included', () => {
  const console = { name: 'dev/console', mode: 0o020600, content: Buffer.alloc(0), device: [5, 1] as const }
  const written = writeCpio([{ name: 'dev', mode: 0o040755, content: Buffer.alloc(0) }, console, entry('init', 'x')])
  const listed = execFileSync('cpio', ['--list', '--verbose', '--numeric-uid-gid', '--quiet'], {
    input: written,
    env: { ...process.env, TZ: 'UTC' },
  })
  const rows = listed
    .toString()
    .trim()
    .split('\n')
    .map((row) => row.replace(/\s+/g, ' '))
  expect(rows).toEqual([
    'drwxr-xr-x 1 0 0 0 Jan 1 1970 dev',
    'crw------- 1 0 0 5, 1 Jan 1 1970 dev/console',
    '-rw-r--r-- 1 0 0 1 Jan 1 1970 init',
  ])
})

describe('what can not be read', () => {
  test.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'initial RAM disk: it is empty; build it again'],
    ['zeros', Buffer.alloc(100), 'initial RAM disk: it is empty; build it again'],
    [
      'garbage',
      Buffer.from('xgarbage'),
      'initial RAM disk: at byte 0 there is neither an archive nor compressed; build it again',
    ],
    [
      'garbage after an archive',
      Buffer.concat([archive('a'), Buffer.from('xyz')]),
      'initial RAM disk: at byte 240 there is neither an archive nor compressed; build it again',
    ],
    [
      'an archive cut off',
      archive('a').subarray(0, 150),
      'initial RAM disk: at byte 0 there is an archive that is cut off; build it again',
    ],
    [
      'a compressed archive cut off',
      compress('gzip', archive('a').subarray(0, 150)),
      'initial RAM disk: at byte 0 there is no whole archive in its gzip data; build it again',
    ],
  ])('%s', (_what, bytes, message) => {
    expect(() => readInitrd(bytes)).toThrow(expect.objectContaining({ code: 'initrd', message }))
  })

  test('sizes of 4 GiB', () => {
    const bytes = archive('a')
    bytes.write('ffffffff', 54, 'latin1')
    expect(readCpio(bytes)).toBeUndefined()
  })
})
