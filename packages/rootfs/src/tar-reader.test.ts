import fc from 'fast-check'
import { extract } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { device, directory, fifo, file, hardlink, symlink, tarOf } from '../test/layer-builder.ts'
import { archive, type Read, read } from '../test/read-entries.ts'
import { block, member, slices } from '../test/tar-builder.ts'
import { readTar } from './tar-reader.ts'

/** What tar-stream reads, for archives it can represent. */
async function oracle(input: Buffer) {
  const reader = extract()
  reader.end(input)
  const entries = []
  for await (const entry of reader) {
    const parts: Uint8Array[] = []
    for await (const part of entry) parts.push(part as Uint8Array)
    const { name, mode, uid, gid, size, mtime, linkname, devmajor, devminor } = entry.header
    const type = { link: 'hardlink', 'character-device': 'character' }[String(entry.header.type)] ?? entry.header.type
    const content = Buffer.concat(parts).toString('utf8')
    entries.push({ name, type, mode, uid, gid, size, mtime: +mtime / 1000, linkname, devmajor, devminor, content })
  }
  return entries
}

const asOracle = ({ linkName, major, minor, offset: _, name, content, ...rest }: Read) => ({
  ...rest,
  name: Buffer.from(name, 'latin1').toString('utf8'),
  content: Buffer.from(content, 'latin1').toString('utf8'),
  linkname: linkName === '' ? null : linkName,
  devmajor: major,
  devminor: minor,
})

describe('archives written by tar-stream', () => {
  const fixtures = {
    './': directory({ mode: 0o1777, mtime: 1_500_000_000 }),
    'etc/': directory(),
    'etc/passwd': file('root:x:0:0', { mode: 0o4755, uid: 1000, gid: 100, mtime: 2_000_000_000 }),
    'etc/empty': file(),
    'block of 512': file('x'.repeat(512)),
    [`${'long/'.repeat(30)}name`]: file('prefix'),
    [`very/${'n'.repeat(200)}`]: file('pax path'),
    'bücher/日本語': file('ünïcode'),
    'bin/sh': symlink('busybox'),
    'bin/long': symlink('t'.repeat(150)),
    'bin/ls': hardlink('bin/sh'),
    'dev/null': device(1, 3),
    'run/fifo': fifo(),
  }

  test('read as tar-stream reads them', async () => {
    const input = await tarOf(fixtures)
    expect((await read(input)).map(asOracle)).toEqual(await oracle(input))
  })

  test.each([1, 7, 100, 511, 512, 513, 1000, 4096])('read the same in slices of %d bytes', async (size) => {
    const input = await tarOf(fixtures)
    expect(await read(slices(input, size))).toEqual(await read(input))
  })

  test('slicing never changes anything, nor do empty chunks and chunks that are used again', async () => {
    const input = await tarOf(fixtures)
    const whole = await read(input)
    const sizes = fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(
        sizes.filter((all) => all.some((size) => size > 0)),
        async (all) => {
          expect(await read(reused(input, all))).toEqual(whole)
        },
      ),
      { numRuns: 50 },
    )
  })
})

/** Chunks of the given sizes, over and over, each overwritten as soon as the next one is asked for. */
async function* reused(input: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let start = 0, turn = 0; start < input.length; turn++) {
    const chunk = Buffer.from(input.subarray(start, start + (sizes[turn % sizes.length] ?? 1)))
    start += chunk.length
    yield chunk
    chunk.fill('!')
  }
}

describe('source and handler', () => {
  test('a source is closed when something fails', async () => {
    let closed = false
    async function* source() {
      try {
        yield Buffer.alloc(2048, 'rubbish')
        yield Buffer.alloc(2048)
      } finally {
        closed = true
      }
    }
    await expect(read(source())).rejects.toThrow('not a tar archive')
    expect(closed).toBe(true)
  })

  test('errors of a source pass as they are', async () => {
    async function* source() {
      yield block({ size: 5000 })
      throw new Error('connection reset')
    }
    await expect(read(source())).rejects.toThrow('connection reset')
  })

  test.each(['entry', 'data', 'end'] as const)('errors of %s pass as they are, thrown or rejected', async (call) => {
    const input = archive(member({}, 'x'))
    const calm = { entry: () => {}, data: () => {}, end: () => {} }
    const fail = () => {
      throw new Error('disk full')
    }
    await expect(readTar(slices(input), { ...calm, [call]: fail })).rejects.toThrow('disk full')
    await expect(readTar(slices(input), { ...calm, [call]: async () => fail() })).rejects.toThrow('disk full')
  })

  test('calls are made one after the other', async () => {
    const calls: string[] = []
    const slow = (name: string) => async () => {
      calls.push(`${name} begins`)
      await new Promise((resolve) => setTimeout(resolve, 2))
      calls.push(`${name} ends`)
    }
    const input = archive(member({}, 'x'), member({}, 'y'))
    await readTar(slices(input, 300), { entry: slow('entry'), data: slow('data'), end: slow('end') })
    const one = ['entry', 'data', 'end'].flatMap((name) => [`${name} begins`, `${name} ends`])
    expect(calls).toEqual([...one, ...one])
  })
})
