import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeBatch, takeChunks } from '../../test/batches.ts'
import { arbitraryBytes, sampleBytes } from '../../test/sample-bytes.ts'
import { BATCH_BYTES, BATCH_CHUNKS } from './batch.ts'
import { CHUNK_SIZE, decodeChunk, type EncodedChunk, encodeChunk } from './chunk.ts'
import { createChunkCodec } from './chunk-codec.ts'
import { blake2b } from './reference/blake2b.ts'
import { encodeChunk as referenceChunk } from './reference/chunk.ts'
import { snappyCompress, snappyDecompress } from './reference/snappy.ts'
import { xxteaDecrypt, xxteaEncrypt } from './reference/xxtea.ts'
import { compiledCodec } from './wasm.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const chunkHex = ({ id, key, data }: EncodedChunk) => ({ id: hex(id), key: hex(key), data: hex(data) })

/** Encodes one batch. */
function encodeBatch(plains: readonly Uint8Array[], codec = createChunkCodec(compiledCodec())): EncodedChunk[] {
  const batch = makeBatch(plains)
  const keys = codec.hashBatch(batch)
  const all = plains.map((_, i) => i)
  return takeChunks(batch, keys, all, codec.encodeBatch(batch, keys, all))
}

/** The plain chunks of the regular files in a tar of the golden vectors. */
function vectorChunks(name: string): Uint8Array[] {
  const tar = readFileSync(new URL(`../../../../test/fixtures/vectors/${name}/input.tar`, import.meta.url))
  const chunks: Uint8Array[] = []
  for (let at = 0; tar[at] !== 0; ) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8)
    const content = tar.subarray(at + 512, at + 512 + size)
    for (let start = 0; start < size; start += CHUNK_SIZE) chunks.push(content.subarray(start, start + CHUNK_SIZE))
    at += 512 + 512 * Math.ceil(size / 512)
  }
  return chunks
}

describe('golden chunks', () => {
  test('"hello" has the id, key and size the reference implementation gives it', () => {
    const { id, key, data } = encodeChunk(Buffer.from('hello\n'))
    expect(hex(id)).toBe('c309c3f7f892348c62968c0378202ead')
    expect(hex(key)).toBe('ea41b4de6c03f13a95758b28dd75693e')
    expect(data.length).toBe(12)
  })

  test('a tree has the keys of the reference implementation, and ids of snappy 1.1.8', () => {
    const keys = JSON.parse(
      readFileSync(new URL('../../../../test/fixtures/vectors/chunks/chunk-keys.json', import.meta.url), 'utf8'),
    ) as Record<string, string>
    const codec = createChunkCodec(compiledCodec())
    const encoded = [...vectorChunks('chunks')].flatMap((plain) => encodeBatch([plain], codec))
    const unique = new Map(encoded.map((chunk) => [hex(chunk.id), chunk]))

    expect(new Set([...unique.values()].map(({ key }) => hex(key)))).toEqual(new Set(Object.values(keys)))
    // The vector was made with snappy 1.1.9, which differs from 1.1.8 in four of the chunks; 1.1.8 makes 1,555,884 bytes.
    expect(unique.size).toBe(36)
    expect([...unique.keys()].filter((id) => !(id in keys))).toHaveLength(4)
    expect([...unique.values()].reduce((sum, { data }) => sum + data.length, 0)).toBe(1_555_884)
  })
})

describe('encoding', () => {
  test('a batch gives the chunks of the plain TypeScript reference', () => {
    const codec = createChunkCodec(compiledCodec())
    fc.assert(
      fc.property(fc.array(arbitraryBytes(20_000), { maxLength: 24 }), (plains) => {
        expect(encodeBatch(plains, codec).map(chunkHex)).toEqual(plains.map((plain) => chunkHex(referenceChunk(plain))))
      }),
      { numRuns: 60 },
    )
  })

  test('full chunks of any content do, side by side with small ones', () => {
    const plains = [
      sampleBytes([{ kind: 'noise', length: CHUNK_SIZE, seed: 1 }]),
      Uint8Array.of(),
      sampleBytes([{ kind: 'words', length: CHUNK_SIZE, seed: 2 }]),
      new Uint8Array(CHUNK_SIZE),
      sampleBytes([
        { kind: 'noise', length: 3, seed: 3 },
        { kind: 'words', length: 65536, seed: 4 },
        { kind: 'noise', length: 70_000, seed: 5 },
        { kind: 'earlier', length: 65_535, seed: 6 },
      ]),
      Uint8Array.of(1),
    ]
    expect(encodeBatch(plains).map(chunkHex)).toEqual(plains.map((plain) => chunkHex(referenceChunk(plain))))
  })

  test.each([
    ['bytes', Array.from({ length: 8 }, (_, i) => sampleBytes([{ kind: 'noise', length: CHUNK_SIZE, seed: i }]))],
    ['chunks', Array.from({ length: BATCH_CHUNKS }, (_, i) => sampleBytes([{ kind: 'noise', length: 1024, seed: i }]))],
  ])('a batch with as many %s as it may have, none of which compress, does', (_, plains) => {
    expect(plains.reduce((sum, { length }) => sum + length, 0)).toBe(BATCH_BYTES)
    const encoded = encodeBatch(plains)
    for (const i of [0, 1, 7, plains.length - 2, plains.length - 1]) {
      expect(chunkHex(encoded[i] as EncodedChunk)).toEqual(chunkHex(encodeChunk(plains[i] as Uint8Array)))
    }
  })

  test('chunks of a batch that are not wanted are left out', () => {
    const codec = createChunkCodec(compiledCodec())
    const batch = makeBatch(['a', 'b', 'a', 'c', 'b'].map((text) => Buffer.from(text)))
    const keys = codec.hashBatch(batch)
    const encoded = takeChunks(batch, keys, [1, 3], codec.encodeBatch(batch, keys, [1, 3]))
    expect(encoded.map(chunkHex)).toEqual(['b', 'c'].map((text) => chunkHex(encodeChunk(Buffer.from(text)))))
  })

  test('nothing gives nothing', () => {
    expect(encodeBatch([])).toEqual([])
  })

  test('results stay as they are when the codec goes on', () => {
    const first = encodeChunk(Buffer.from('first'))
    const before = chunkHex(first)
    encodeChunk(Buffer.from('second'))
    expect(chunkHex(first)).toEqual(before)
  })

  test('a longer chunk is refused', () => {
    expect(() => encodeChunk(new Uint8Array(CHUNK_SIZE + 1))).toThrow(
      'chunk: 524289 bytes; cut files in pieces of 524288 bytes',
    )
  })
})

describe('decoding', () => {
  /** A stored chunk with this compressed content: decrypts with its key, whatever it then is. */
  const stored = (compressed: Uint8Array, plain: Uint8Array = Uint8Array.of()) => {
    const key = blake2b(plain, 16)
    return { data: xxteaEncrypt(compressed, key), key }
  }
  const CORRUPT = expect.objectContaining({ name: 'FlistError', code: 'chunk-corrupt' })

  test('gives the plain bytes back', () => {
    fc.assert(
      fc.property(arbitraryBytes(200_000), (plain) => {
        const { data, key } = encodeChunk(plain)
        expect(Buffer.compare(decodeChunk(data, key), plain)).toBe(0)
      }),
    )
  })

  test('agrees with the reference on any compressed bytes', () => {
    const short = fc.uint8Array({ minLength: 1, maxLength: 24 })
    const patched = fc.tuple(arbitraryBytes(5_000), fc.nat(), fc.nat(255)).map(([plain, at, byte]) => {
      const compressed = snappyCompress(plain)
      compressed[at % compressed.length] = byte
      return compressed
    })
    fc.assert(
      fc.property(fc.oneof(short, patched), (compressed) => {
        let plain: Uint8Array | undefined
        try {
          plain = snappyDecompress(compressed, CHUNK_SIZE)
        } catch {}
        const { data, key } = stored(compressed, plain)
        if (plain) expect(Buffer.compare(decodeChunk(data, key), plain)).toBe(0)
        else expect(() => decodeChunk(data, key)).toThrow(CORRUPT)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['no compressed bytes', []],
    ['a length without an end', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a length of 4 GiB', [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61]],
    ['a length just over the limit', [0x81, 0x80, 0x20, 0x00, 0x61]],
    ['a length within the limit that nothing follows', [0x80, 0x80, 0x20]],
    ['a literal longer than the input', [0x05, 0x10, 0x61]],
    ['a literal of 4 GiB', [0x05, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x61]],
    ['a literal longer than declared', [0x01, 0x04, 0x61, 0x62]],
    ['a literal whose length is cut off', [0x05, 0xf0]],
    ['a copy with offset 0', [0x05, 0x00, 0x61, 0x01, 0x00]],
    ['a copy from before the start', [0x05, 0x00, 0x61, 0x01, 0x02]],
    ['a copy from 4 GiB before the start', [0x05, 0x00, 0x61, 0x0f, 0xff, 0xff, 0xff, 0xff]],
    ['a copy longer than declared', [0x04, 0x00, 0x61, 0x01, 0x01]],
    ['a copy whose offset is cut off', [0x05, 0x00, 0x61, 0x02, 0x01]],
    ['bytes behind the end', [0x01, 0x00, 0x61, 0x00, 0x62]],
  ])('refuses %s', (_, compressed) => {
    const { data, key } = stored(Uint8Array.from(compressed))
    expect(() => decodeChunk(data, key)).toThrow(CORRUPT)
  })

  test('copies that overlap repeat their start', () => {
    const plain = Buffer.from('abcabcabcabcabcabc')
    const { data, key } = stored(Uint8Array.of(18, 2 << 2, 0x61, 0x62, 0x63, (14 << 2) | 2, 3, 0), plain)
    expect(Buffer.from(decodeChunk(data, key)).toString()).toBe(plain.toString())
  })

  test.each([0, 4, 7, 10, 611_716])('refuses %d bytes', (length) => {
    expect(() => decodeChunk(new Uint8Array(length), new Uint8Array(16))).toThrow(`${length} bytes are not an encoded`)
  })

  test('refuses a key that is not 16 bytes', () => {
    expect(() => decodeChunk(new Uint8Array(12), new Uint8Array(8))).toThrow('its key is not 16 bytes')
  })

  test('refuses another key, naming the one it was asked for', () => {
    const { data } = encodeChunk(Buffer.from('hello\n'))
    expect(() => decodeChunk(data, new Uint8Array(16))).toThrow(
      `chunk with key "${'00'.repeat(16)}": it does not decrypt with its key; fetch it again`,
    )
  })

  test('refuses other content under a key', () => {
    const { key } = encodeChunk(Buffer.from('hello\n'))
    const data = xxteaEncrypt(snappyCompress(Buffer.from('hullo\n')), key)
    expect(() => decodeChunk(data, key)).toThrow('its content has another hash')
  })

  test('a changed bit anywhere is noticed', () => {
    const { data, key } = encodeChunk(sampleBytes([{ kind: 'words', length: 300, seed: 1 }]))
    fc.assert(
      fc.property(fc.nat(data.length * 8 - 1), (bit) => {
        const changed = data.slice()
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(() => decodeChunk(changed, key)).toThrow(CORRUPT)
      }),
    )
  })

  test('the reference decrypts it', () => {
    const plain = sampleBytes([{ kind: 'words', length: 5_000, seed: 1 }])
    const { data, key } = encodeChunk(plain)
    expect(Buffer.compare(snappyDecompress(xxteaDecrypt(data, key), CHUNK_SIZE), plain)).toBe(0)
  })
})
