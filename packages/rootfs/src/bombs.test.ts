import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { once, textStore } from '../test/layer-builder.ts'
import { archive } from '../test/read-entries.ts'
import { block, END, member, pax } from '../test/tar-builder.ts'
import { decompress } from './decompress.ts'
import { limitPlainBytes } from './decompression-limits.ts'
import { RootfsError } from './error.ts'
import { readLayer } from './layer-reader.ts'
import { DEFAULT_LIMITS } from './tar-limits.ts'
import { readTar, type TarOptions } from './tar-reader.ts'

/** Archives made to cost more than they look. Each ends in an error, soon, and in little memory. */
const MIB = 1024 ** 2
const GIB = 1024 ** 3
const ignore = { entry: () => {}, data: () => {}, end: () => {} }

/** The error of work that has to end in one, and the most memory it took beyond what there was. */
async function costOf(work: () => Promise<unknown>): Promise<{ error: RootfsError; mib: number }> {
  const before = process.memoryUsage().rss
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 10)
  try {
    await work()
  } catch (error) {
    if (!(error instanceof RootfsError)) throw error
    return { error, mib: (Math.max(most, process.memoryUsage().rss) - before) / MIB }
  } finally {
    clearInterval(timer)
  }
  throw new Error('it was read to its end')
}

/** The same bytes so many times over. */
async function* repeated(bytes: Buffer, times: number): AsyncGenerator<Buffer> {
  for (let turn = 0; turn < times; turn++) yield bytes
}

async function count(source: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0
  for await (const bytes of source) length += bytes.length
  return length
}

describe('decompression bombs', () => {
  const zeros = Buffer.alloc(64 * MIB)
  // Members and frames follow each other, so that a thousand of them are a bomb of 64 GiB.
  const forms: [string, Buffer][] = [
    ['gzip', gzipSync(zeros)],
    ['zstd', zstdCompressSync(zeros)],
  ]

  test.each(forms)('%s: beyond so many times its size', async (_, part) => {
    const limits = { ratio: 100, ratioFrom: 256 * MIB }
    const { error, mib } = await costOf(() =>
      count(decompress(repeated(part, 1000), { name: 'layer 3', compressedBytes: part.length, limits })),
    )
    expect(error.message).toBe(
      `layer 3: its ${part.length} bytes become more than ${256 * MIB}, which is over 100 for one; raise the limit if this is meant`,
    )
    expect(error.code).toBe('limit')
    expect(mib).toBeLessThan(128)
  })

  test.each(forms)('%s: beyond an absolute size, also where the compressed size is not known', async (_, part) => {
    const { error, mib } = await costOf(() =>
      count(decompress(repeated(part, 1000), { limits: { plainBytes: 300 * MIB } })),
    )
    expect(error.message).toBe(
      `compressed data: it has more than ${300 * MIB} bytes when decompressed; raise the limit if this is meant`,
    )
    expect(mib).toBeLessThan(128)
  })

  test.each(forms)('%s: within the limits it is read', async (_, part) => {
    const limits = { ratio: 1, ratioFrom: zeros.length, plainBytes: zeros.length }
    expect(await count(decompress(once(part), { compressedBytes: part.length, limits }))).toBe(zeros.length)
  })

  test('the usual limits leave room for a sparse file of 4 GiB in a few kilobytes, and end one of 16 TiB', async () => {
    const gib = Buffer.alloc(256 * MIB)
    async function* plain(pieces: number) {
      for (let piece = 0; piece < pieces; piece++) yield gib
    }
    expect(await count(limitPlainBytes(plain(16), 'layer', 5000, {}))).toBe(4 * GIB)
    const { error } = await costOf(() => count(limitPlainBytes(plain(65_536), 'layer', 5000, {})))
    expect(error.message).toContain(`its 5000 bytes become more than ${8 * GIB}`)
    const unknown = await costOf(() => count(limitPlainBytes(plain(65_536), 'layer', undefined, {})))
    expect(unknown.error.message).toContain(`it has more than ${4096 * GIB} bytes`)
  })

  test('behind the end of an archive, where no entry is', async () => {
    const run = () =>
      readTar(decompress(repeated(gzipSync(zeros), 1000), { limits: { plainBytes: 256 * MIB } }), ignore)
    expect((await costOf(run)).error.code).toBe('limit')
  })
})

describe('archives of much from little', () => {
  const many = Buffer.concat(Array<Buffer>(2000).fill(block({ name: 'd', typeflag: '5' })))

  test('10 million empty entries end at the limit, and nothing of them is kept', async () => {
    const limits = { entries: 300_000 }
    const { error, mib } = await costOf(() => readTar(repeated(many, 10_000_000 / 2000), ignore, { limits }))
    expect(error.message).toContain('too many entries, the limit is 300000; raise it if this is meant')
    expect(error.offset).toBe(300_000 * 512)
    expect(mib).toBeLessThan(128)
    expect(DEFAULT_LIMITS.entries).toBe(2_000_000)
  })

  test('so do they where entries are kept, at the limit given', async () => {
    const run = () => readLayer(repeated(many, 5000), textStore(), { limits: { entries: 100_000 } })
    const { error, mib } = await costOf(run)
    expect(error.message).toContain('too many entries, the limit is 100000')
    expect(mib).toBeLessThan(256)
  })

  const deep = 'd/'.repeat(100_000)
  const xattrs = (bytes: number, typeflag?: string) => pax([['SCHILY.xattr.user.x', 'v'.repeat(bytes)]], typeflag)
  test.each<[string, AsyncIterable<Buffer>, TarOptions['limits'], string]>([
    [
      'a path of 100,000 directories',
      once(archive(pax([['path', deep]]), block())),
      {},
      'its name has 200000 bytes, the limit is 4096',
    ],
    [
      'the same, where long paths are allowed',
      once(archive(pax([['path', deep]]), block())),
      { pathLength: MIB },
      'its name has 100000 components, the limit is 2048',
    ],
    [
      'a hard link to a path of 100,000 directories',
      once(archive(pax([['linkpath', deep]]), block({ typeflag: '1' }))),
      { pathLength: MIB },
      'has 100000 components, the limit is 2048',
    ],
    [
      'a GNU long name of 2 MiB',
      once(archive(member({ typeflag: 'L' }, 'n'.repeat(2 * MIB)), block())),
      {},
      'the extended headers of one entry have 2097152 bytes, the limit is 1048576',
    ],
    [
      'pax headers that go on for ever',
      repeated(xattrs(500), 1_000_000),
      {},
      'the extended headers of one entry have 1048',
    ],
    [
      'a global header that every entry inherits',
      (async function* () {
        yield xattrs(1_000_000, 'g')
        yield* repeated(block(), 1_000_000)
      })(),
      {},
      'too many bytes of names and extended attributes so far, the limit is 268435456',
    ],
    [
      'a large attribute on every entry',
      repeated(Buffer.concat([xattrs(1_000_000), block()]), 100_000),
      {},
      'too many bytes of names and extended attributes so far, the limit is 268435456',
    ],
    [
      'a file of 2 TiB that is all hole',
      once(
        archive(
          pax([
            ['GNU.sparse.major', '0'],
            ['GNU.sparse.minor', '1'],
            ['GNU.sparse.name', 'hole'],
            ['GNU.sparse.size', String(2 * 1024 * GIB)],
            ['GNU.sparse.numblocks', '0'],
            ['GNU.sparse.map', ''],
          ]),
          block(),
        ),
      ),
      {},
      'with its 2199023255552 bytes the files so far are too large, the limit is 1099511627776',
    ],
  ])('%s', async (_, source, limits, problem) => {
    const { error } = await costOf(() =>
      readLayer(source, { open: () => ({ write: () => {}, end: () => '' }) }, { ...(limits && { limits }) }),
    )
    expect(error.message).toContain(problem)
    expect(error.code).toBe('limit')
  })
})

describe('names with a NUL in them', () => {
  test.each([
    ['path', pax([['path', 'etc/passwd\0.txt']])],
    ['linkpath', pax([['linkpath', 'etc\0/passwd']])],
    [
      'GNU.sparse.name',
      pax([
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.minor', '0'],
        ['GNU.sparse.name', 'a\0b'],
        ['GNU.sparse.realsize', '0'],
      ]),
    ],
  ])('in a pax %s are refused', async (keyword, header) => {
    const { error } = await costOf(() => readTar(once(archive(header, block({ typeflag: '0' }))), ignore))
    expect(error.code).toBe('corrupt')
    expect(error.message).toContain(`pax ${keyword}`)
  })

  test('end there in a header block and in a GNU long name, as for every other tar', async () => {
    const raw = block({ name: 'cut\0off' })
    const long = Buffer.concat([member({ typeflag: 'L' }, 'also\0cut'), block()])
    const names: string[] = []
    const handler = { ...ignore, entry: ({ name }: { readonly name: string }) => void names.push(name) }
    await readTar(once(Buffer.concat([raw, long, END])), handler)
    expect(names).toEqual(['cut', 'also'])
  })
})
