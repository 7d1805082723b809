import { blake2b } from '../codec/blake2b.ts'

/**
 * The key a directory is stored under: 32 hex digits, blake2b of its path (a byte string without leading or trailing
 * slash; the root's is `''`).
 */
export function directoryKey(path: string): string {
  const { buffer, byteOffset, byteLength } = blake2b(Buffer.from(path, 'latin1'), 16)
  return Buffer.from(buffer, byteOffset, byteLength).toString('hex')
}
