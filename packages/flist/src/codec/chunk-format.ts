import { createFlChunkCodec } from '../fl/fl-chunk.ts'
import { decodeChunk } from './chunk.ts'
import { type ChunkCodec, createChunkCodec } from './chunk-codec.ts'

/** How a format of flists keeps the chunks of files: what a `ChunkList` consists of, and what stands in the stores. */
export type ChunkFormat = {
  readonly name: 'flist' | 'fl'
  /** Bytes of the id of a chunk, which comes first in an entry of a `ChunkList`, and of the key after it. */
  readonly idBytes: number
  readonly keyBytes: number
  /** Both together. */
  readonly entryBytes: number
  createCodec(): ChunkCodec
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
  createCodec: createChunkCodec,
  decode: decodeChunk,
}

let flCodec: ChunkCodec | undefined

/** Chunks of the `.fl` format: BLAKE2b-256, snappy, AES-256-GCM. */
export const FL_CHUNKS: ChunkFormat = {
  name: 'fl',
  idBytes: 32,
  keyBytes: 32,
  entryBytes: 64,
  createCodec: createFlChunkCodec,
  decode(data, key) {
    flCodec ??= createFlChunkCodec()
    return flCodec.decode(data, key)
  },
}
