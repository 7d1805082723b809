import { execFileSync } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { crc32, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sampleBytes } from '../../test/sample-bytes.ts'
import { createGzip, type GzipWriter } from './gzip-writer.ts'

const HEADER_BYTES = 10
const TRAILER_BYTES = 8

/** Makes a member of the pieces, with a pause after each. */
async function gzip(
  pieces: readonly Uint8Array[],
  pause: (writer: GzipWriter) => Promise<unknown> = async () => {},
): Promise<Buffer> {
  const writer = createGzip()
  for (const piece of pieces.slice(1)) {
    writer.add(piece)
    await pause(writer)
  }
  const parts: Uint8Array[] = []
  for await (const part of writer.finish(pieces[0] ?? new Uint8Array(0))) parts.push(part)
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

test('a part stands in another member as well, among others', async () => {
  const bytesOf = async (writer: GzipWriter) => {
    const all: Uint8Array[] = []
    for await (const bytes of writer.finish(Buffer.from('first'))) all.push(bytes)
    return Buffer.concat(all)
  }
  await fc.assert(
    fc.asyncProperty(pieces, pieces, pieces, async (before, within, behind) => {
      const writer = createGzip()
      for (const piece of before) writer.add(piece)
      writer.endPart()
      for (const piece of within) writer.add(piece)
      const part = writer.endPart()
      expect(part).toMatchObject({ bytes: Buffer.concat(within).length, checksum: crc32(Buffer.concat(within)) })
      for (const piece of behind) writer.add(piece)
      const packed = await bytesOf(writer)
      expect(gunzipSync(packed).equals(Buffer.concat([Buffer.from('first'), ...before, ...within, ...behind]))).toBe(
        true,
      )

      // With what was before left out, and the part itself as one that was packed earlier.
      const other = createGzip()
      other.addPart(part)
      for (const piece of behind) other.add(piece)
      const again = await bytesOf(other)
      expect(gunzipSync(again).equals(Buffer.concat([Buffer.from('first'), ...within, ...behind]))).toBe(true)
      const same = createGzip()
      for (const piece of within) same.add(piece)
      same.endPart()
      for (const piece of behind) same.add(piece)
      expect(again.equals(await bytesOf(same))).toBe(true)
    }),
    { numRuns: 40 },
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
  expect(packed.length / gzipSync(Buffer.concat(pieces), { level: 5 }).length).toBeLessThan(1.01)
})

test('how fast pieces are compressed, and how fast they come, changes nothing', async () => {
  const pieces = Array.from({ length: 8 }, (_, i) => words(i % 2 === 0 ? 300_000 : 3_000, i + 1))
  const packed = await gzip(pieces)
  expect((await gzip(pieces, (writer) => writer.room())).equals(packed)).toBe(true)
  expect((await gzip(pieces, () => setTimeout(20))).equals(packed)).toBe(true)
  // All threads that compress have something else to do first.
  const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)('a', 'b', 50_000, 32, 'sha256'))
  expect((await gzip(pieces)).equals(packed)).toBe(true)
  await Promise.all(busy)
})

test('there is room until as many pieces are under way as keep all threads at work', async () => {
  const writer = createGzip()
  const isThereRoom = () => Promise.race([writer.room().then(() => true), nextTurn().then(() => false)])
  writer.add(words(500_000, 1))
  expect(await isThereRoom()).toBe(true)
  for (let i = 0; i < 4 * availableParallelism() + 8; i++) writer.add(words(500_000, i))
  expect(await isThereRoom()).toBe(false)
  await writer.room()
  expect(await isThereRoom()).toBe(true)
})
