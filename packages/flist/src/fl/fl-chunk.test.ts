import { webcrypto } from 'node:crypto'
import fc from 'fast-check'
import { blake2b } from 'hash-wasm'
import { compressSync, uncompressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { makeBatch, takeChunks } from '../../test/batches.ts'
import { arbitraryBytes, sampleBytes } from '../../test/sample-bytes.ts'
import { CHUNK_SIZE } from '../codec/chunk-codec.ts'
import { compiledCodec } from '../codec/wasm.ts'
import { createFlChunkCodec } from './fl-chunk.ts'

const codec = createFlChunkCodec(compiledCodec())
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const noise = (length: number) => sampleBytes([{ kind: 'noise', length, seed: 7 }])
const CORRUPT = expect.objectContaining({ code: 'chunk-corrupt' })

const { encode } = codec

/** AES-256-GCM as Web Cryptography has it: the tag stands behind the encrypted bytes. */
async function aes(usage: 'encrypt' | 'decrypt', key: Uint8Array, data: Uint8Array): Promise<Buffer> {
  const cryptoKey = await webcrypto.subtle.importKey('raw', key.slice(), 'AES-GCM', false, [usage])
  const parameters = { name: 'AES-GCM', iv: key.slice(0, 12), tagLength: 128 }
  return Buffer.from(await webcrypto.subtle[usage](parameters, cryptoKey, data.slice()))
}

/** A chunk as the libraries of others make it. */
async function oracle(plain: Uint8Array) {
  const key = Buffer.from(await blake2b(plain, 256), 'hex')
  const data = await aes('encrypt', key, compressSync(Buffer.from(plain)))
  return { id: await blake2b(data, 256), key: hex(key), data: hex(data) }
}

describe('encoding', () => {
  test('gives what hash-wasm, snappy and Web Cryptography give', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryBytes(20_000), async (plain) => {
        const { id, key, data } = encode(plain)
        expect({ id: hex(id), key: hex(key), data: hex(data) }).toEqual(await oracle(plain))
      }),
      { numRuns: 60 },
    )
  })

  test('takes a whole chunk that does not compress', async () => {
    const { id, key, data } = encode(noise(CHUNK_SIZE))
    expect({ id: hex(id), key: hex(key), data: hex(data) }).toEqual(await oracle(noise(CHUNK_SIZE)))
  })

  test('gives the pinned ids', () => {
    const { id, key, data } = encode(Buffer.from('hello\n'))
    expect([hex(key), hex(id), hex(data)]).toEqual([
      '93becc6e9882211c3ec3708c95bcd69baab7bb59c7f4bc84ce637b88a534b783',
      'a9a6d35501f5fa0a1319bc35d9b85213d0e1941bfb1d7867f687915c0ddd0511',
      '856359a989154c8b3e64234a7ce64a57c05471fe5eaa0969',
    ])
  })

  test('gives the same in a batch, also where chunks grow, and encodes no more than is wanted', () => {
    const plains = [noise(CHUNK_SIZE), noise(7), Buffer.from('hello\n'), noise(CHUNK_SIZE), noise(900)]
    for (const wanted of [[0, 1, 2, 3, 4], [1, 3], []]) {
      const batch = makeBatch(plains)
      const keys = codec.hashBatch(batch)
      const chunks = takeChunks(batch, keys, wanted, codec.encodeBatch(batch, keys, wanted))
      const expected = wanted.map((i) => encode(plains[i] ?? noise(0)))
      expect(chunks.map(({ id, key, data }) => [id, key, data].map(hex))).toEqual(
        expected.map(({ id, key, data }) => [id, key, data].map(hex)),
      )
    }
  })

  test('refuses a longer chunk', () => {
    expect(() => encode(new Uint8Array(CHUNK_SIZE + 1))).toThrow(expect.objectContaining({ code: 'too-large' }))
  })
})

describe('decoding', () => {
  test('gives the plain bytes back', () => {
    fc.assert(
      fc.property(arbitraryBytes(20_000), (plain) => {
        const { key, data } = encode(plain)
        expect(Buffer.compare(codec.decode(data, key), plain)).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('takes a chunk of any valid compressor, as long as its plain bytes are right', async () => {
    const plain = Buffer.from('hello\n')
    const { key } = encode(plain)
    // A literal whose length stands in an extra byte, which no compressor would write.
    const data = await aes('encrypt', key, Buffer.from([6, 60 << 2, 5, ...plain]))
    expect(Buffer.from(codec.decode(data, key)).toString()).toBe('hello\n')
  })

  test('what is decrypted is what others decompress', async () => {
    const plain = sampleBytes([{ kind: 'words', length: 70_000, seed: 3 }])
    const { key, data } = encode(plain)
    expect(Buffer.compare(Buffer.from(uncompressSync(await aes('decrypt', key, data))), plain)).toBe(0)
  })

  test('refuses every changed byte, and a chunk cut off', () => {
    const { key, data } = encode(sampleBytes([{ kind: 'words', length: 300, seed: 1 }]))
    for (let at = 0; at < data.length; at++) {
      const changed = data.slice()
      changed.set([(data[at] ?? 0) ^ 1], at)
      expect(() => codec.decode(changed, key)).toThrow(CORRUPT)
      expect(() => codec.decode(data.subarray(0, at), key)).toThrow(CORRUPT)
    }
  })

  test('refuses what is rightly encrypted and not right', async () => {
    const { key } = encode(Buffer.from('hello\n'))
    const seal = (compressed: Uint8Array) => aes('encrypt', key, compressed)
    const other = await seal(compressSync(Buffer.from('other\n')))
    expect(() => codec.decode(other, key)).toThrow('its content has another hash')
    const bomb = await seal(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]))
    expect(() => codec.decode(bomb, key)).toThrow('over the 524288 bytes a chunk may hold')
    const damaged = await seal(Buffer.from([6, 5 << 2, 0x68]))
    expect(() => codec.decode(damaged, key)).toThrow('its compressed data is damaged')
  })

  test.each([0, 16, 700_000])('refuses %i bytes', (length) => {
    expect(() => codec.decode(new Uint8Array(length), new Uint8Array(32))).toThrow(CORRUPT)
  })

  test('refuses a key of the other format', () => {
    expect(() => codec.decode(new Uint8Array(40), new Uint8Array(16))).toThrow('its key is not 32 bytes')
  })
})
