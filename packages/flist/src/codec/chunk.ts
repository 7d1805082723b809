import { blake2b } from './blake2b.ts'
import { type ChunkCodec, createChunkCodec, type EncodedChunk } from './chunk-codec.ts'
import { compiledCodec } from './wasm.ts'

export { CHUNK_SIZE, type EncodedChunk } from './chunk-codec.ts'

let shared: ChunkCodec | undefined

function sharedCodec(): ChunkCodec {
  shared ??= createChunkCodec(compiledCodec())
  return shared
}

/**
 * One chunk of at most CHUNK_SIZE plain bytes, encoded the way flists store it. Many chunks: `ChunkCodec.encodeBatch`.
 * @throws FlistError `too-large`
 */
export function encodeChunk(plain: Uint8Array): EncodedChunk {
  return sharedCodec().encode(plain)
}

/**
 * The plain bytes of stored `data`, proven by their hash `key`.
 * @throws FlistError `chunk-corrupt`
 */
export function decodeChunk(data: Uint8Array, key: Uint8Array): Uint8Array {
  return sharedCodec().decode(data, key)
}

/** The id of stored `data`: its BLAKE2b-128. */
export function chunkId(data: Uint8Array): Uint8Array {
  return blake2b(data, 16)
}
