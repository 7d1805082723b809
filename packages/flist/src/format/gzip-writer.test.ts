import { execFileSync } from 'node:child_process'
import { crc32, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sampleBytes } from '../../test/sample-bytes.ts'
import { gzipSideBySide } from './gzip-writer.ts'

const HEADER_BYTES = 10
const TRAILER_BYTES = 8

async function gzip(pieces: readonly Uint8Array[]): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of gzipSideBySide(pieces)) parts.push(part)
  return Buffer.concat(parts)
}

const words = (length: number, seed: number) => sampleBytes([{ kind: 'words', length, seed }])

/** Pieces of all lengths, some longer than what deflate can refer back to. */
const pieces = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .record({ length: fc.integer({ min: 0, max: 100_000 }), seed: fc.integer({ min: 1, max: 9 }) })
      .map(({ length, seed }) => words(length, seed)),
  ),
  { maxLength: 12 },
)

test('any pieces become one gzip member of all their bytes', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, async (pieces) => {
      const plain = Buffer.concat(pieces)
      const packed = await gzip(pieces)
      expect(gunzipSync(packed).equals(plain)).toBe(true)
      // Deflate ends where the trailer begins: nothing else is in the file.
      const deflated = packed.subarray(HEADER_BYTES, -TRAILER_BYTES)
      expect(inflateRawSync(deflated).equals(plain)).toBe(true)
      expect(() => inflateRawSync(deflated.subarray(0, -1))).toThrow('unexpected end of file')
      expect(packed.readUInt32LE(packed.length - 8)).toBe(crc32(plain))
      expect(packed.readUInt32LE(packed.length - 4)).toBe(plain.length)
    }),
    { numRuns: 50 },
  )
})

test('gzip itself finds nothing wrong with it', async () => {
  const pieces = [words(512, 1), ...Array.from({ length: 20 }, (_, i) => words(70_000, i + 1)), new Uint8Array(0)]
  const unpacked = execFileSync('gzip', ['-dc'], { input: await gzip(pieces), maxBuffer: 2 ** 24 })
  expect(unpacked.equals(Buffer.concat(pieces))).toBe(true)
})

test('the same pieces give the same bytes, and nearly as few as in one piece', async () => {
  const pieces = Array.from({ length: 8 }, (_, i) => words(256 * 1024, i + 1))
  const packed = await gzip(pieces)
  expect((await gzip(pieces)).equals(packed)).toBe(true)
  expect(packed.length / gzipSync(Buffer.concat(pieces)).length).toBeLessThan(1.01)
})

test('a piece that cannot be read ends it with its error', async () => {
  function* broken() {
    yield words(100_000, 1)
    throw new Error('disk on fire')
  }
  const read = async () => {
    for await (const _part of gzipSideBySide(broken()));
  }
  await expect(read()).rejects.toThrow('disk on fire')
})
