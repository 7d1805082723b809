import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderThreadSource } from '../scripts/thread-source.ts'
import { slices } from '../test/tar-builder.ts'
import { decompress } from './decompress.ts'
import { INPUT_BYTES, INPUT_SLOTS, OUTPUT_BYTES, OUTPUT_SLOTS } from './decompression-layout.ts'
import { createDecompressor, type Decompressor } from './decompressor.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** More than all slots hold, and hard to compress. */
const noise = Buffer.alloc(OUTPUT_SLOTS * OUTPUT_BYTES * 2 + 12_345)
for (let at = 0, state = 1; at < noise.length; at++) {
  state = Math.imul(state, 1_664_525) + 1_013_904_223
  noise[at] = state >>> 24
}

/** Reads all; every piece is looked at when it is the newest, as it may be gone afterwards. */
async function collect(plain: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of plain) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

async function read(decompressor: Decompressor, input: Buffer, size = 64 * 1024) {
  const plain = decompressor.open(slices(input, size), { compressedBytes: input.length })
  return { bytes: await collect(plain), sha256: plain.sha256() }
}

const failure = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error)

/** A source that knows how far it was read, and whether it was closed. */
function watched(bytes: Buffer, size: number) {
  const state = { read: 0, isClosed: false }
  async function* source() {
    try {
      for (let at = 0; at < bytes.length; at += size) {
        state.read = Math.min(at + size, bytes.length)
        yield bytes.subarray(at, at + size)
      }
    } finally {
      state.isClosed = true
    }
  }
  return { state, source: source() }
}

test('the committed script of the thread is what its sources give', async () => {
  const committed = await readFile(new URL('./decompression-thread.generated.ts', import.meta.url), 'utf8')
  expect(committed === (await renderThreadSource()), 'run `pnpm --filter @tf-images/rootfs build:thread`').toBe(true)
})

describe.each([
  ['in a thread', { threadedFrom: 0 }],
  ['in place', { isThreaded: false }],
])('%s', (_, options) => {
  test.each<[string, Buffer, Buffer]>([
    ['gzip', gzipSync(noise), noise],
    [
      'gzip in many members',
      Buffer.concat([gzipSync(noise), gzipSync(''), gzipSync('end')]),
      Buffer.concat([noise, Buffer.from('end')]),
    ],
    ['zstd', zstdCompressSync(noise), noise],
    [
      'zstd in frames',
      Buffer.concat([zstdCompressSync(noise), zstdCompressSync('end')]),
      Buffer.concat([noise, Buffer.from('end')]),
    ],
    ['plain bytes', noise, noise],
    ['nothing', Buffer.alloc(0), Buffer.alloc(0)],
    ['gzip of nothing', gzipSync(''), Buffer.alloc(0)],
    ['zeros, which are small until they are read', gzipSync(Buffer.alloc(20 << 20)), Buffer.alloc(20 << 20)],
  ])('%s and its digest', async (_, input, plain) => {
    await using decompressor = createDecompressor(options)
    const result = await read(decompressor, input)
    expect(result.bytes.equals(plain)).toBe(true)
    expect(result.sha256).toBe(sha256(plain))
  })

  test('one blob after the other, however they are cut', async () => {
    await using decompressor = createDecompressor(options)
    const blob = fc.record({
      plain: fc.uint8Array({ maxLength: 5000 }),
      times: fc.integer({ min: 1, max: 300 }),
      size: fc.integer({ min: 1, max: 2 * INPUT_BYTES }),
      compress: fc.constantFrom(gzipSync, zstdCompressSync, (bytes: Buffer) =>
        Buffer.concat([Buffer.from('tar'), bytes]),
      ),
    })
    await fc.assert(
      fc.asyncProperty(blob, async ({ plain, times, size, compress }) => {
        const input = compress(Buffer.concat(Array(times).fill(plain)))
        const result = await read(decompressor, input, Math.max(size, input.length >> 8))
        const expected = await collect(decompress(slices(input)))
        expect(result.bytes.equals(expected)).toBe(true)
        expect(result.sha256).toBe(sha256(expected))
      }),
      { numRuns: 60 },
    )
  })

  test.each<[string, Buffer, string]>([
    ['damaged gzip', Buffer.concat([gzipSync(noise).subarray(0, 900_000), Buffer.alloc(200_000, 0xff)]), 'compression'],
    ['gzip that was cut off', gzipSync(noise).subarray(0, -9), 'compression'],
    ['zstd that was cut off', zstdCompressSync(noise).subarray(0, -9), 'compression'],
    ['xz', Buffer.from('fd377a585a00000000000000000000000000', 'hex'), 'unsupported'],
  ])('%s is the error it always is, and the next blob is read', async (_, input, code) => {
    await using decompressor = createDecompressor(options)
    const error = await failure(read(decompressor, input))
    expect(error).toMatchObject({ name: 'RootfsError', code })
    expect(String(error)).toBe(String(await failure(collect(decompress(slices(input))))))
    expect((await read(decompressor, gzipSync('next'))).bytes.toString()).toBe('next')
  })

  test('an error of the source passes unchanged, and the next blob is read', async () => {
    await using decompressor = createDecompressor(options)
    const cause = new Error('connection lost')
    async function* source() {
      yield gzipSync(noise).subarray(0, 500_000)
      throw cause
    }
    expect(await failure(collect(decompressor.open(source(), { compressedBytes: 1 })))).toBe(cause)
    expect((await read(decompressor, gzipSync('next'))).bytes.toString()).toBe('next')
  })

  test('a bomb is stopped at its limit, read no further than there is room for, and closed', async () => {
    await using decompressor = createDecompressor(options)
    const bomb = gzipSync(Buffer.alloc(64 << 20))
    const { source, state } = watched(Buffer.concat(Array(100).fill(bomb)), 1024)
    const plain = decompressor.open(source, { name: 'bomb', compressedBytes: 1, limits: { plainBytes: 1 << 20 } })
    expect(await failure(collect(plain))).toMatchObject({ code: 'limit', message: expect.stringContaining('bomb: ') })
    await expect.poll(() => state.isClosed).toBe(true)
    expect(state.read).toBeLessThanOrEqual((INPUT_SLOTS + 1) * INPUT_BYTES)
  })

  test('who stops early closes the source', async () => {
    await using decompressor = createDecompressor(options)
    const { source, state } = watched(gzipSync(noise, { level: constants.Z_NO_COMPRESSION }), 1000)
    for await (const _ of decompressor.open(source, { compressedBytes: 1 })) break
    await expect.poll(() => state.isClosed).toBe(true)
    expect((await read(decompressor, gzipSync('next'))).bytes.toString()).toBe('next')
  })
})

test('a slow reader is waited for: what it has not seen is not overwritten', async () => {
  await using decompressor = createDecompressor({ threadedFrom: 0 })
  const input = gzipSync(noise)
  const plain = decompressor.open(slices(input, INPUT_BYTES), { compressedBytes: input.length })
  const hash = createHash('sha256')
  for await (const piece of plain) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    hash.update(piece)
  }
  expect(hash.digest('hex')).toBe(sha256(noise))
})

test('closing it ends what is under way', async () => {
  const decompressor = createDecompressor({ threadedFrom: 0 })
  const { promise: never } = Promise.withResolvers<void>()
  async function* source() {
    yield gzipSync(noise).subarray(0, 500_000)
    await never
  }
  const reading = failure(collect(decompressor.open(source(), { compressedBytes: 1 })))
  await decompressor[Symbol.asyncDispose]()
  expect(await reading).toMatchObject({ name: 'RootfsError', code: 'thread' })
})
