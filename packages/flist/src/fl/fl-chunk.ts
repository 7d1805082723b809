import { createCipheriv, createDecipheriv } from 'node:crypto'
import { CHUNK_SIZE, type ChunkCodec, type EncodedChunk } from '../codec/chunk-codec.ts'
import { instantiateCodec } from '../codec/wasm.ts'
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
export function createFlChunkCodec(): ChunkCodec {
  const wasm = instantiateCodec()
  const [input, output, hashState] = [wasm.INPUT.value, wasm.OUTPUT.value, wasm.HASH_STATE.value]
  const memory = new Uint8Array(wasm.memory.buffer)

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

  function encodeBatch(plains: readonly Uint8Array[], skip?: (key: Uint8Array) => boolean): EncodedChunk[] {
    const encoded: EncodedChunk[] = []
    for (const plain of plains) {
      if (plain.length > CHUNK_SIZE) {
        throw new FlistError('too-large', `chunk: ${plain.length} bytes; cut files in pieces of ${CHUNK_SIZE} bytes`)
      }
      memory.set(plain, input)
      const key = hash(input, plain.length).slice()
      if (skip?.(key)) continue
      const data = encrypt(wasm.compress(plain.length), key)
      memory.set(data, input)
      encoded.push({ id: hash(input, data.length).slice(), key, data })
    }
    return encoded
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

  return { encodeBatch, decode }
}
