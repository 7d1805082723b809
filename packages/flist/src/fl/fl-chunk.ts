import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type Batch, CHUNK_GAP, type EncodedBatch } from '../codec/batch.ts'
import { CHUNK_SIZE, type ChunkCodec, type EncodedChunk } from '../codec/chunk-codec.ts'
import { type CompiledCodec, createCodecMemory, instantiateCodec } from '../codec/codec-module.ts'
import { FlistError } from '../errors.ts'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** The longest encoded chunk: snappy's bound for incompressible bytes, and the tag. */
const MAX_ENCODED = 32 + CHUNK_SIZE + Math.floor(CHUNK_SIZE / 6) + TAG_BYTES

/**
 * The chunk codec of `.fl` files: the key is the BLAKE2b-256 of the plain bytes; these are compressed with snappy and
 * encrypted with AES-256-GCM, nonce the first 12 bytes of the key, tag at the end; the id is the BLAKE2b-256 of the
 * result. Works synchronously, hashes and compression as WebAssembly, AES by OpenSSL.
 */
export function createFlChunkCodec(compiled: CompiledCodec): ChunkCodec {
  const shared = createCodecMemory()
  const wasm = instantiateCodec(compiled, shared)
  const [input, output, hashState] = [wasm.INPUT.value, wasm.OUTPUT.value, wasm.HASH_STATE.value]
  const memory = new Uint8Array(shared.buffer)

  /** The hash of `length` bytes at `address`: a view until the next hash. */
  function hash(address: number, length: number): Uint8Array {
    wasm.hashBegin(KEY_BYTES)
    wasm.hashFinish(address, length)
    return memory.subarray(hashState, hashState + KEY_BYTES)
  }

  /** Encrypts the bytes at OUTPUT. */
  function encrypt(length: number, key: Uint8Array): Uint8Array {
    const cipher = createCipheriv(CIPHER, key, key.subarray(0, NONCE_BYTES))
    const encrypted = cipher.update(memory.subarray(output, output + length))
    return Buffer.concat([encrypted, cipher.final(), cipher.getAuthTag()])
  }

  /** The encoded bytes of the chunk at INPUT, and their hash. */
  function encodeInput(length: number, key: Uint8Array): { id: Uint8Array; data: Uint8Array } {
    const data = encrypt(wasm.compress(length), key)
    memory.set(data, input)
    return { id: hash(input, data.length).slice(), data }
  }

  function hashBatch({ memory: { plain: plains }, ends }: Batch): Uint8Array {
    const keys = new Uint8Array(KEY_BYTES * ends.length)
    for (const [i, end] of ends.entries()) {
      const plain = plains.subarray(ends[i - 1] ?? 0, end)
      memory.set(plain, input)
      keys.set(hash(input, plain.length), KEY_BYTES * i)
    }
    return keys
  }

  function encodeBatch(
    { memory: batch, ends: plainEnds }: Batch,
    keys: Uint8Array,
    wanted: readonly number[],
  ): EncodedBatch {
    const ids = new Uint8Array(KEY_BYTES * wanted.length)
    let used = 0
    const ends = wanted.map((i, place) => {
      const plain = batch.plain.subarray(plainEnds[i - 1] ?? 0, plainEnds[i])
      memory.set(plain, input)
      const { id, data } = encodeInput(plain.length, keys.subarray(KEY_BYTES * i, KEY_BYTES * (i + 1)))
      ids.set(id, KEY_BYTES * place)
      batch.encoded.set(data, used)
      used += data.length + CHUNK_GAP
      return used - CHUNK_GAP
    })
    return { ids, ends }
  }

  function encode(plain: Uint8Array): EncodedChunk {
    if (plain.length > CHUNK_SIZE) {
      throw new FlistError('too-large', `chunk: ${plain.length} bytes; cut files in pieces of ${CHUNK_SIZE} bytes`)
    }
    memory.set(plain, input)
    const key = hash(input, plain.length).slice()
    return { key, ...encodeInput(plain.length, key) }
  }

  function decode(data: Uint8Array, key: Uint8Array): Uint8Array {
    const corrupt = (what: string, cause?: unknown) => {
      const message = `chunk with key "${Buffer.from(key).toString('hex')}": ${what}; fetch it again`
      return new FlistError('chunk-corrupt', message, { cause })
    }
    if (key.length !== KEY_BYTES) throw corrupt(`its key is not ${KEY_BYTES} bytes`)
    if (data.length <= TAG_BYTES || data.length > MAX_ENCODED) {
      throw corrupt(`${data.length} bytes are not an encoded chunk`)
    }
    const decipher = createDecipheriv(CIPHER, key, key.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAuthTag(data.subarray(-TAG_BYTES))
    const compressed = decipher.update(data.subarray(0, -TAG_BYTES))
    try {
      decipher.final()
    } catch (cause) {
      throw corrupt('it does not decrypt with its key', cause)
    }
    memory.set(compressed, input)
    const length = wasm.decompress(compressed.length, CHUNK_SIZE)
    if (length < 0) throw corrupt(`its compressed data is damaged or over the ${CHUNK_SIZE} bytes a chunk may hold`)
    if (Buffer.compare(hash(output, length), key) !== 0) throw corrupt('its content has another hash')
    return memory.slice(output, output + length)
  }

  return { hashBatch, encodeBatch, encode, decode }
}
