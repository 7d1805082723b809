import { FlistError } from '../errors.ts'
import type { Batch, BatchMemory, EncodedBatch } from './batch.ts'
import { type CodecMemory, type CompiledCodec, createCodecMemory, instantiateCodec } from './codec-module.ts'

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

/** Bytes of an id and of a key. */
export const HASH_BYTES = 16

/** An encoder and decoder, of batches where these lie. */
export interface ChunkCodec {
  /** The keys of the chunks of a batch, one after the other. The batch must stay as it is until it is encoded. */
  hashBatch(batch: Batch): Uint8Array

  /**
   * Encodes those chunks of a batch whose indices are `wanted`, in that order, with the keys of all from `hashBatch`.
   */
  encodeBatch(batch: Batch, keys: Uint8Array, wanted: readonly number[]): EncodedBatch

  /**
   * Encodes a chunk of at most {@link CHUNK_SIZE} plain bytes. The same bytes always give the same id (snappy up to 1.1.8
   * decides it).
   * @throws FlistError `too-large`
   */
  encode(plain: Uint8Array): EncodedChunk

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

/** An instance of the module on a memory, and the records there. */
type Instance = ReturnType<typeof openInstance>

function openInstance(compiled: CompiledCodec, shared: CodecMemory) {
  const wasm = instantiateCodec(compiled, shared)
  const [chunks, input, output] = [wasm.CHUNKS.value, wasm.INPUT.value, wasm.OUTPUT.value]
  const memory = new Uint8Array(shared.buffer)
  const records = new Uint32Array(shared.buffer, chunks, wasm.BATCH_CHUNKS.value * RECORD.words)

  /** The memory of the key or id of a record. */
  function hashOf(i: number, field: 'key' | 'id'): Uint8Array {
    const address = chunks + i * RECORD_BYTES + 4 * RECORD[field]
    return memory.subarray(address, address + HASH_BYTES)
  }

  /** Where the encoded bytes of a record end, from OUTPUT on. */
  function endOf(i: number): number {
    const start = records[i * RECORD.words + RECORD.data] ?? 0
    return start + (records[i * RECORD.words + RECORD.dataLength] ?? 0) - output
  }

  /** Tells the module that record `i` is for these plain bytes. */
  function setPlain(i: number, start: number, end: number): void {
    records[i * RECORD.words + RECORD.data] = input + start
    records[i * RECORD.words + RECORD.dataLength] = end - start
  }

  return { wasm, memory, input, output, hashOf, endOf, setPlain }
}

/** The codec as WebAssembly (source in assembly/), working synchronously, in the memory of batches, else in some of its own. */
export function createChunkCodec(compiled: CompiledCodec): ChunkCodec {
  /** By the numbers of the memories of batches. */
  const instances = new Map<number, Instance>()
  let own: Instance | undefined

  function instanceOn({ number, shared }: BatchMemory): Instance {
    const instance = instances.get(number) ?? openInstance(compiled, shared)
    instances.set(number, instance)
    return instance
  }

  function ownInstance(): Instance {
    own ??= openInstance(compiled, createCodecMemory())
    return own
  }

  function hashBatch({ memory, ends }: Batch): Uint8Array {
    const { wasm, hashOf, setPlain } = instanceOn(memory)
    for (const [i, end] of ends.entries()) setPlain(i, ends[i - 1] ?? 0, end)
    wasm.hashPlains(ends.length)
    const keys = new Uint8Array(HASH_BYTES * ends.length)
    for (let i = 0; i < ends.length; i++) keys.set(hashOf(i, 'key'), HASH_BYTES * i)
    return keys
  }

  function encodeBatch({ memory, ends }: Batch, keys: Uint8Array, wanted: readonly number[]): EncodedBatch {
    const { wasm, hashOf, endOf, setPlain } = instanceOn(memory)
    for (const [record, i] of wanted.entries()) {
      setPlain(record, ends[i - 1] ?? 0, ends[i] ?? 0)
      hashOf(record, 'key').set(keys.subarray(HASH_BYTES * i, HASH_BYTES * (i + 1)))
    }
    wasm.encode(wanted.length)

    const ids = new Uint8Array(HASH_BYTES * wanted.length)
    for (const record of wanted.keys()) ids.set(hashOf(record, 'id'), HASH_BYTES * record)
    return { ids, ends: wanted.map((_, record) => endOf(record)) }
  }

  function encode(plain: Uint8Array): EncodedChunk {
    if (plain.length > CHUNK_SIZE) {
      throw new FlistError('too-large', `chunk: ${plain.length} bytes; cut files in pieces of ${CHUNK_SIZE} bytes`)
    }
    const { wasm, memory, input, output, hashOf, endOf, setPlain } = ownInstance()
    memory.set(plain, input)
    setPlain(0, 0, plain.length)
    wasm.hashPlains(1)
    wasm.encode(1)
    return { id: hashOf(0, 'id').slice(), key: hashOf(0, 'key').slice(), data: memory.slice(output, output + endOf(0)) }
  }

  function decode(data: Uint8Array, key: Uint8Array): Uint8Array {
    const corrupt = (what: string) =>
      new FlistError('chunk-corrupt', `chunk with key "${Buffer.from(key).toString('hex')}": ${what}; fetch it again`)
    if (key.length !== HASH_BYTES) throw corrupt('its key is not 16 bytes')
    if (data.length < 8 || data.length % 4 !== 0 || data.length > MAX_ENCODED) {
      throw corrupt(`${data.length} bytes are not an encoded chunk`)
    }
    const { wasm, memory, input, output, hashOf } = ownInstance()
    memory.set(data, input)
    hashOf(0, 'key').set(key)
    const length = wasm.decode(data.length, CHUNK_SIZE)
    if (length < 0) throw corrupt(DECODE_ERRORS[length] ?? 'it does not decode')
    const hash = memory.subarray(wasm.HASH_STATE.value, wasm.HASH_STATE.value + HASH_BYTES)
    if (Buffer.compare(hash, key) !== 0) throw corrupt('its content has another hash')
    return memory.slice(output, output + length)
  }

  return { hashBatch, encodeBatch, encode, decode }
}
