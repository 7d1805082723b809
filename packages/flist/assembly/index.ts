/** The chunk codec of flists as one module: what src/codec/wasm.ts calls. */
import { begin, finish, update } from './blake2b'
import { hashAll } from './blake2b-lanes'
import { prepareRotations } from './blake2b-rounds'
import { BATCH_CHUNKS, BATCH_SIZE, CHUNKS, Chunk, HASH_STATE, INPUT, INPUT_SIZE, MEMORY_SIZE, OUTPUT } from './layout'
import { compress as compressSnappy } from './snappy-compress'
import { decompress as decompressSnappy } from './snappy-decompress'
import { decrypt } from './xxtea'
import { encryptAll } from './xxtea-lanes'

export { BATCH_CHUNKS, BATCH_SIZE, CHUNKS, HASH_STATE, INPUT, INPUT_SIZE, MEMORY_SIZE, OUTPUT }
export { begin as hashBegin, finish as hashFinish, update as hashUpdate }

prepareRotations()

@inline
function chunkAt(i: i32): Chunk {
  return changetype<Chunk>(CHUNKS + (i as usize) * offsetof<Chunk>())
}

/** Sets the keys of the first `count` chunks from their data, the plain bytes. */
export function hashPlains(count: i32): void {
  hashAll(changetype<usize>(chunkAt(0)), changetype<usize>(chunkAt(count)), offsetof<Chunk>('key0'))
}

/** Compresses, encrypts with their keys, and sets the ids of the first `count` chunks, whose data is encoded then. */
export function encode(count: i32): void {
  let out = OUTPUT
  for (let i = 0; i < count; i++) {
    const chunk = chunkAt(i)
    const end = compressSnappy(chunk.data, chunk.dataLength, out)
    const size = (end - out) as i32
    const padded = (size + 3) & ~3
    store<u32>(end, 0)
    store<u32>(out + padded, size)
    chunk.data = out
    chunk.dataLength = padded + 4
    // One more word is free: encryptAll uses it.
    out += padded + 8
  }
  const first = changetype<usize>(chunkAt(0))
  const last = changetype<usize>(chunkAt(count))
  encryptAll(first, last)
  hashAll(first, last, offsetof<Chunk>('id0'))
}

/** The data does not decrypt to a length that fits it: it or the key is wrong. */
const NOT_DECRYPTED: i32 = -3

/**
 * Decodes the `length` bytes (a multiple of 4, 8 or more) at INPUT with the key of the first record to OUTPUT. Returns
 * the length of the plain bytes, whose hash is at HASH_STATE then, or a negative code: NOT_DECRYPTED, or one of
 * snappy-decompress.ts.
 */
export function decode(length: i32, limit: i32): i32 {
  decrypt(INPUT, (length as u32) >> 2, changetype<usize>(chunkAt(0)) + offsetof<Chunk>('key0'))
  const padded = (length as u32) - 4
  const compressed = load<u32>(INPUT + padded)
  if (compressed > padded || compressed + 3 < padded) return NOT_DECRYPTED
  const plain = decompressSnappy(INPUT, compressed, OUTPUT, limit)
  if (plain >= 0) {
    begin(16)
    finish(OUTPUT, plain)
  }
  return plain
}

/** Compresses the `length` plain bytes at INPUT to OUTPUT and returns the length there. */
export function compress(length: i32): i32 {
  return (compressSnappy(INPUT, length, OUTPUT) - OUTPUT) as i32
}

/** Decompresses the `length` bytes at INPUT to OUTPUT; returns the length there, or a code of snappy-decompress.ts. */
export function decompress(length: i32, limit: i32): i32 {
  return decompressSnappy(INPUT, length, OUTPUT, limit)
}
