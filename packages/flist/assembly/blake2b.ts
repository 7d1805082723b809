/** BLAKE2b (RFC 7693), no key, one hash at a time; blake2b-lanes.ts hashes two. */
import { HASH_BLOCK, HASH_STATE } from './layout'
// The compression function is written by scripts/blake2b-rounds.ts: unrolled it is 1.6 times as fast as a loop over the
// message schedule, and the language has no macros.
import { compress } from './blake2b-rounds'

const BLOCK: i32 = 128

/** Bytes hashed so far. */
let counter: u64 = 0

export function begin(outputLength: i32): void {
  store<u64>(HASH_STATE, 0x6a09e667f3bcc908 ^ 0x01010000 ^ (outputLength as u64), 0)
  store<u64>(HASH_STATE, 0xbb67ae8584caa73b, 8)
  store<u64>(HASH_STATE, 0x3c6ef372fe94f82b, 16)
  store<u64>(HASH_STATE, 0xa54ff53a5f1d36f1, 24)
  store<u64>(HASH_STATE, 0x510e527fade682d1, 32)
  store<u64>(HASH_STATE, 0x9b05688c2b3e6c1f, 40)
  store<u64>(HASH_STATE, 0x1f83d9abfb41bd6b, 48)
  store<u64>(HASH_STATE, 0x5be0cd19137e2179, 56)
  counter = 0
}

/** Goes on with a hash of which `hashed` bytes made the present state. */
export function resume(hashed: u64): void {
  counter = hashed
}

/** Hashes whole blocks of which none is the last: `length` is a multiple of 128, and more must follow. */
export function update(data: usize, length: i32): void {
  for (let end = data + length; data < end; data += BLOCK) {
    counter += BLOCK
    compress(HASH_STATE, data, counter, 0)
  }
}

/** Hashes the rest. The hash is at HASH_STATE then. */
export function finish(data: usize, length: i32): void {
  const whole = length > 0 ? (length - 1) & ~(BLOCK - 1) : 0
  update(data, whole)
  const rest = length - whole
  memory.fill(HASH_BLOCK, 0, BLOCK)
  memory.copy(HASH_BLOCK, data + whole, rest)
  counter += rest
  compress(HASH_STATE, HASH_BLOCK, counter, ~0)
}
