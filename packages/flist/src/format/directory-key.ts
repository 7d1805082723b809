import { blake2bDigits } from '../codec/blake2b.ts'

/**
 * The key a directory is stored under: 32 hex digits, blake2b of its path (a byte string without leading or trailing
 * slash; the root's is `''`).
 */
export function directoryKey(path: string): string {
  return blake2bDigits(path, 16)
}
