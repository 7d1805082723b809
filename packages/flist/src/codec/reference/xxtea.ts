/**
 * XXTEA (Wheeler and Needham, "Correction to xtea", 1998) as flists use it, in plain TypeScript: the oracle the
 * WebAssembly codec is tested against. The text is zero-padded to whole little-endian words and its length in bytes
 * is appended as one more word before everything is encrypted as one block.
 */
import { FlistError } from '../../errors.ts'

const DELTA = 0x9e3779b9

function readWords(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(Math.ceil(bytes.length / 4))
  bytes.forEach((byte, i) => {
    words[i >>> 2] = words[i >>> 2]! | (byte << (8 * (i & 3)))
  })
  return words
}

function writeWords(words: Uint32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length))
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, true)
  })
  return new Uint8Array(view.buffer)
}

function mix(y: number, z: number, sum: number, key: number): number {
  return (((z >>> 5) ^ (y << 2)) + ((y >>> 3) ^ (z << 4))) ^ ((sum ^ y) + (key ^ z))
}

/** `data` under the 16 byte `key`: at least 8 bytes, a multiple of 4. */
export function xxteaEncrypt(data: Uint8Array, key: Uint8Array): Uint8Array {
  const text = readWords(data)
  const n = text.length + 1
  const v = new Uint32Array(n)
  v.set(text)
  v[n - 1] = data.length
  const k = readWords(key)
  let z = v[n - 1]!
  let sum = 0
  for (let rounds = 6 + Math.floor(52 / n); rounds > 0; rounds--) {
    sum = (sum + DELTA) >>> 0
    const e = (sum >>> 2) & 3
    for (let p = 0; p < n; p++) {
      const y = v[(p + 1) % n]!
      v[p] = v[p]! + mix(y, z, sum, k[(p & 3) ^ e]!)
      z = v[p]!
    }
  }
  return writeWords(v)
}

/**
 * The inverse of {@link xxteaEncrypt}.
 * @throws FlistError `chunk-corrupt` when the size cannot be one of XXTEA or the decrypted length word does not fit it
 */
export function xxteaDecrypt(data: Uint8Array, key: Uint8Array): Uint8Array {
  if (data.length < 8 || data.length % 4 !== 0) {
    throw new FlistError('chunk-corrupt', `chunk: ${data.length} bytes are not a whole XXTEA block; fetch it again`)
  }
  const v = readWords(data)
  const n = v.length
  const k = readWords(key)
  const rounds = 6 + Math.floor(52 / n)
  let sum = Math.imul(rounds, DELTA) >>> 0
  let y = v[0]!
  for (let round = 0; round < rounds; round++) {
    const e = (sum >>> 2) & 3
    for (let p = n - 1; p >= 0; p--) {
      const z = v[(p + n - 1) % n]!
      v[p] = v[p]! - mix(y, z, sum, k[(p & 3) ^ e]!)
      y = v[p]!
    }
    sum = (sum - DELTA) >>> 0
  }
  const length = v[n - 1]!
  if (length > 4 * (n - 1) || length + 3 < 4 * (n - 1)) {
    throw new FlistError('chunk-corrupt', 'chunk: it does not decrypt with its key; fetch it again')
  }
  return writeWords(v.subarray(0, n - 1)).subarray(0, length)
}
