import { FlistError } from '../errors.ts'
import { instantiateCodec } from './wasm.ts'

/** Plain bytes of every chunk of a file but its last: 512 KiB, as every reader of flists assumes. */
export const CHUNK_SIZE = 524288

/** A chunk as stores keep it and flists refer to it. */
export type EncodedChunk = {
  /** BLAKE2b-128 of `data`: the name of the chunk in every store. */
  readonly id: Uint8Array
  /** BLAKE2b-128 of the plain bytes: what decrypts `data` and proves the result. */
  readonly key: Uint8Array
  /** What is stored: the plain bytes, compressed with snappy, encrypted with XXTEA under `key`. */
  readonly data: Uint8Array
}

/** An encoder and decoder with memory of its own, for as long as it is referred to. */
export interface ChunkCodec {
  /**
   * Encodes chunks of at most {@link CHUNK_SIZE} plain bytes each; several megabytes at a time are fastest, as they run
   * side by side. The same bytes always give the same id (snappy up to 1.1.8 decides it).
   *
   * `skip` is asked once per chunk, in order, with its key (a view that is only valid during the call); chunks it
   * answers true for are not encoded and not in the result. Results of one call share their memory: copy what is kept.
   * @throws FlistError `too-large` for a longer chunk
   */
  encodeBatch(plains: readonly Uint8Array[], skip?: (key: Uint8Array) => boolean): EncodedChunk[]

  /**
   * The plain bytes of a chunk, proven by its key; any valid snappy stream is accepted.
   * @throws FlistError `chunk-corrupt` when `data` is not an encoded chunk of at most {@link CHUNK_SIZE} plain bytes
   * with this key
   */
  decode(data: Uint8Array, key: Uint8Array): Uint8Array
}

/** The longest encoded chunk: snappy's bound for incompressible bytes, padded, and the length word of XXTEA. */
const MAX_ENCODED = 4 * Math.ceil((32 + CHUNK_SIZE + CHUNK_SIZE / 6) / 4) + 4

/** Fields of a record in the module's memory (class Chunk of assembly/layout.ts), in words. */
const RECORD = { data: 0, dataLength: 1, key: 2, id: 6, words: 10 } as const
const RECORD_BYTES = 4 * RECORD.words

/** What the negative results of `decode` mean. */
const DECODE_ERRORS: Readonly<Record<number, string>> = {
  [-1]: 'its compressed data is damaged',
  [-2]: `it declares more than the ${CHUNK_SIZE} bytes a chunk may hold`,
  [-3]: 'it does not decrypt with its key',
}

/** The codec as WebAssembly (source in assembly/), working synchronously on about 6 MB that it reuses. */
export function createChunkCodec(): ChunkCodec {
  const wasm = instantiateCodec()
  const [chunks, input, output] = [wasm.CHUNKS.value, wasm.INPUT.value, wasm.OUTPUT.value]
  const memory = new Uint8Array(wasm.memory.buffer)
  const records = new Uint32Array(wasm.memory.buffer, chunks, wasm.BATCH_CHUNKS.value * RECORD.words)

  /** The memory of a record's key. */
  function keyOf(i: number): Uint8Array {
    const key = chunks + i * RECORD_BYTES + 4 * RECORD.key
    return memory.subarray(key, key + 16)
  }

  /** Copies the results out of the module's memory, which the next batch uses again. */
  function takeResults(count: number): EncodedChunk[] {
    if (count === 0) return []
    const word = (i: number, field: number) => records[i * RECORD.words + field] ?? 0
    const end = word(count - 1, RECORD.data) + word(count - 1, RECORD.dataLength)
    const data = memory.slice(output, end)
    const hashes = memory.slice(chunks, chunks + count * RECORD_BYTES)
    return Array.from({ length: count }, (_, i) => {
      const [id, key] = [RECORD.id, RECORD.key].map((field) => i * RECORD_BYTES + 4 * field) as [number, number]
      const start = word(i, RECORD.data) - output
      return {
        id: hashes.subarray(id, id + 16),
        key: hashes.subarray(key, key + 16),
        data: data.subarray(start, start + word(i, RECORD.dataLength)),
      }
    })
  }

  function encodeBatch(plains: readonly Uint8Array[], skip?: (key: Uint8Array) => boolean): EncodedChunk[] {
    const results: EncodedChunk[][] = []
    let count = 0
    let size = 0
    const finish = () => {
      wasm.encrypt(count)
      results.push(takeResults(count))
      count = size = 0
    }
    for (const plain of plains) {
      if (plain.length > CHUNK_SIZE) {
        throw new FlistError('too-large', `chunk: ${plain.length} bytes; cut files in pieces of ${CHUNK_SIZE} bytes`)
      }
      memory.set(plain, input)
      wasm.hashPlain(count, plain.length)
      if (skip?.(keyOf(count))) continue
      wasm.compressPlain(count, plain.length)
      size += plain.length
      count++
      if (count === wasm.BATCH_CHUNKS.value || size + CHUNK_SIZE > wasm.BATCH_SIZE.value) finish()
    }
    finish()
    return results.length === 1 ? (results[0] ?? []) : results.flat()
  }

  function decode(data: Uint8Array, key: Uint8Array): Uint8Array {
    const corrupt = (what: string) =>
      new FlistError('chunk-corrupt', `chunk with key "${Buffer.from(key).toString('hex')}": ${what}; fetch it again`)
    if (key.length !== 16) throw corrupt('its key is not 16 bytes')
    if (data.length < 8 || data.length % 4 !== 0 || data.length > MAX_ENCODED) {
      throw corrupt(`${data.length} bytes are not an encoded chunk`)
    }
    memory.set(data, input)
    keyOf(0).set(key)
    const length = wasm.decode(data.length, CHUNK_SIZE)
    if (length < 0) throw corrupt(DECODE_ERRORS[length] ?? 'it does not decode')
    const hash = memory.subarray(wasm.HASH_STATE.value, wasm.HASH_STATE.value + 16)
    if (Buffer.compare(hash, key) !== 0) throw corrupt('its content has another hash')
    return memory.slice(output, output + length)
  }

  return { encodeBatch, decode }
}
