import { constants, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { slices } from '../test/tar-builder.ts'
import { decompress } from './decompress.ts'

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

/** A piece of it is valid until the next is asked for, and rubbish then. */
async function* reusing(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    const bytes = Uint8Array.from(piece)
    yield bytes
    bytes.fill(0xaa)
  }
}

const plain = (input: Buffer, size?: number) => collect(decompress(reusing(slices(input, size))))
const failure = (input: Buffer) => plain(input, 100).catch((error) => error)

const text = Buffer.from('hello world '.repeat(100))
const noise = Buffer.alloc(300_000)
for (let at = 0, state = 1; at < noise.length; at++) {
  state = Math.imul(state, 1_664_525) + 1_013_904_223
  noise[at] = state >>> 24
}
const unsized = (bytes: Buffer) => zstdCompressSync(bytes, { pledgedSrcSize: undefined })
const checked = (bytes: Buffer) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])

describe('what it reads', () => {
  test.each<[string, Buffer, Buffer]>([
    ['plain bytes', text, text],
    ['nothing', Buffer.alloc(0), Buffer.alloc(0)],
    ['one byte', Buffer.from('x'), Buffer.from('x')],
    ['zeros', Buffer.alloc(1024), Buffer.alloc(1024)],
    ['gzip', gzipSync(text), text],
    ['gzip of nothing', gzipSync(''), Buffer.alloc(0)],
    [
      'gzip in many members, as stargz and pigz write',
      Buffer.concat([gzipSync(text), gzipSync(''), gzipSync(noise)]),
      Buffer.concat([text, noise]),
    ],
    ['gzip with zeros behind it', Buffer.concat([gzipSync(text), Buffer.alloc(20)]), text],
    ['zstd', zstdCompressSync(text), text],
    ['zstd of nothing', zstdCompressSync(''), Buffer.alloc(0)],
    ['zstd without size', unsized(noise), noise],
    ['zstd with checksums', Buffer.concat([checked(text), checked(noise)]), Buffer.concat([text, noise])],
    [
      'zstd of what cannot be compressed, in many frames',
      Buffer.concat([zstdCompressSync(noise), zstdCompressSync(noise)]),
      Buffer.concat([noise, noise]),
    ],
    ['zstd of one byte again and again', zstdCompressSync(Buffer.alloc(400_000, 7)), Buffer.alloc(400_000, 7)],
    [
      'zstd in many small frames, as zstd:chunked writes',
      Buffer.concat(Array(50).fill(zstdCompressSync(text))),
      Buffer.concat(Array(50).fill(text)),
    ],
    [
      'zstd with frames to skip, in front, between and behind',
      Buffer.concat([skippable, zstdCompressSync(text), skippable, skippable, zstdCompressSync(text), skippable]),
      Buffer.concat([text, text]),
    ],
    ['nothing but a frame to skip', skippable, Buffer.alloc(0)],
  ])('%s', async (_, input, expected) => {
    for (const size of [undefined, 4099]) expect((await plain(input, size)).equals(expected)).toBe(true)
  })

  test.each([1, 2, 3, 5])('in slices of %d bytes', async (size) => {
    const frames = Buffer.concat([skippable, zstdCompressSync(text), checked(text)])
    expect(await plain(frames, size)).toEqual(Buffer.concat([text, text]))
    expect(await plain(gzipSync(text), size)).toEqual(text)
  })

  test('any bytes in any frames come back', async () => {
    const piece = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes))
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 500 }),
        async (pieces, isZstd, size) => {
          const input = Buffer.concat(pieces.map((bytes) => (isZstd ? zstdCompressSync(bytes) : gzipSync(bytes))))
          expect(await plain(input, size)).toEqual(Buffer.concat(pieces))
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('what it refuses', () => {
  const large = zstdCompressSync(noise)
  const flipped = (input: Buffer, at: number) => {
    const copy = Buffer.from(input)
    copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at)
    return copy
  }

  test.each<[string, Buffer]>([
    ['gzip cut off', gzipSync(text).subarray(0, -5)],
    ['gzip cut off in its second member', Buffer.concat([gzipSync(text), gzipSync(text).subarray(0, 9)])],
    ['gzip with a wrong checksum', flipped(gzipSync(text), gzipSync(text).length - 6)],
    ['gzip with something behind it', Buffer.concat([gzipSync(text), Buffer.from('rubbish')])],
    ['zstd cut off in a small frame', zstdCompressSync(text).subarray(0, -3)],
    ['zstd cut off in a large frame', large.subarray(0, -3)],
    ['zstd cut off in its second frame', Buffer.concat([large, large.subarray(0, 1000)])],
    ['zstd cut off in a frame to skip', skippable.subarray(0, -1)],
    ['zstd with a wrong checksum', flipped(checked(text), checked(text).length - 1)],
    ['zstd with something behind it', Buffer.concat([zstdCompressSync(text), Buffer.from('rubbish')])],
    ['zstd that ends in a magic number', Buffer.concat([zstdCompressSync(text), large.subarray(0, 2)])],
    [
      'a zstd frame that is larger than it says',
      Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 1]), Buffer.from([0x53, 0, 0, 0x41])]),
    ],
    ['a zstd frame that would need gigabytes of window', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xf8, 1, 0, 0])],
    ['a zstd frame with a reserved block', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x0f, 0, 0, 0])],
  ])('%s', async (_, input) => {
    const error = await failure(input)
    expect(error.message).toMatch(/^(gzip|zstd) data: .*; it is damaged or was cut off$/)
    expect(error.code).toBe('compression')
  })

  test.each([
    ['xz', '\xfd7zXZ\0\0'],
    ['bzip2', 'BZh91AY&SY\0'],
    ['lz4', '\x04\x22\x4d\x18\0'],
    ['zip', 'PK\x03\x04'],
  ])('%s, by its name', async (format, start) => {
    const error = await failure(Buffer.from(start.padEnd(100, '\0'), 'latin1'))
    expect(error.message).toBe(`compressed data: ${format} is not read; use gzip or zstd`)
    expect(error.code).toBe('unsupported')
  })

  test('raw deflate passes as it is: nothing tells it from other bytes', async () => {
    expect(await plain(deflateRawSync(text))).toEqual(deflateRawSync(text))
  })
})

describe('the source', () => {
  test.each([
    ['plain', text],
    ['gzip', gzipSync(noise)],
    ['zstd', zstdCompressSync(noise)],
  ])('its errors pass as they are: %s', async (_, input) => {
    async function* source() {
      yield input.subarray(0, input.length - 10)
      throw new Error('connection reset')
    }
    await expect(collect(decompress(source()))).rejects.toThrow(/^connection reset$/)
  })

  test.each([
    ['plain', noise],
    ['gzip', gzipSync(noise)],
    ['zstd', zstdCompressSync(noise)],
  ])('is closed when the consumer stops early: %s', async (_, input) => {
    let closed = false
    async function* source() {
      try {
        yield* slices(input, 1000)
        throw new Error('read to the end')
      } finally {
        closed = true
      }
    }
    for await (const bytes of decompress(source())) if (bytes.length > 0) break
    expect(closed).toBe(true)
  })

  test('is read to its end, so that its digest is checked', async () => {
    async function* source() {
      yield* slices(gzipSync(text))
      throw new Error('digest mismatch')
    }
    await expect(collect(decompress(source()))).rejects.toThrow(/^digest mismatch$/)
  })
})
