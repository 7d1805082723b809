import { createFlChunkCodec } from '../fl/fl-chunk.ts'
import { type BatchCodec, type BatchCodecOptions, type BatchDestination, createBatchCodec } from './batch-codec.ts'
import { decodeChunk, encodeChunk } from './chunk.ts'
import type { ChunkCodec, EncodedChunk } from './chunk-codec.ts'
import type { CodecKind } from './codec-kind.ts'
import { compiledCodec } from './wasm.ts'

/** How a format of flists keeps the chunks of files: what a `ChunkList` consists of, and what stands in the stores. */
export type ChunkFormat = {
  /** Stands for how chunks are hashed, compressed and encrypted. */
  readonly name: CodecKind
  /** Bytes of the id of a chunk, which comes first in an entry of a `ChunkList`, and of the key after it. */
  readonly idBytes: number
  readonly keyBytes: number
  /** Both together. */
  readonly entryBytes: number
  /** What encodes many chunks; it must be closed. */
  createCodec(options?: BatchCodecOptions & BatchDestination): BatchCodec
  /**
   * One chunk of at most `CHUNK_SIZE` plain bytes, encoded.
   * @throws FlistError `too-large`
   */
  encode(plain: Uint8Array): EncodedChunk
  /**
   * The plain bytes of stored `data`, proven by their hash `key`.
   * @throws FlistError `chunk-corrupt`
   */
  decode(data: Uint8Array, key: Uint8Array): Uint8Array
}

/** Chunks of the 0-flist format: BLAKE2b-128, snappy, XXTEA. */
export const FLIST_CHUNKS: ChunkFormat = {
  name: 'flist',
  idBytes: 16,
  keyBytes: 16,
  entryBytes: 32,
  createCodec: (options) => createBatchCodec('flist', options),
  encode: encodeChunk,
  decode: decodeChunk,
}

let flCodec: ChunkCodec | undefined

function sharedFlCodec(): ChunkCodec {
  flCodec ??= createFlChunkCodec(compiledCodec())
  return flCodec
}

/** Chunks of the `.fl` format: BLAKE2b-256, snappy, AES-256-GCM. */
export const FL_CHUNKS: ChunkFormat = {
  name: 'fl',
  idBytes: 32,
  keyBytes: 32,
  entryBytes: 64,
  createCodec: (options) => createBatchCodec('fl', options),
  encode: (plain) => sharedFlCodec().encode(plain),
  decode: (data, key) => sharedFlCodec().decode(data, key),
}
