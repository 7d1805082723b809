/** The chunk codec in plain TypeScript: the oracle the WebAssembly codec is tested against. */
import { blake2b } from './blake2b.ts'
import { snappyCompress } from './snappy.ts'
import { xxteaEncrypt } from './xxtea.ts'

/** The parts of an encoded chunk; see `../chunk.ts`. */
export function encodeChunk(plain: Uint8Array): { id: Uint8Array; key: Uint8Array; data: Uint8Array } {
  const key = blake2b(plain, 16)
  const data = xxteaEncrypt(snappyCompress(plain), key)
  return { id: blake2b(data, 16), key, data }
}
