/** XXTEA over 32-bit little-endian words: what encrypting many chunks and decrypting one have in common. */

export const DELTA: u32 = 0x9e3779b9

export function roundsOf(words: u32): u32 {
  return 6 + 52 / words
}

/** What is added to a word between `z` and `y`. */
@inline
export function mix(y: u32, z: u32, sum: u32, key: u32): u32 {
  return (((z >> 5) ^ (y << 2)) + ((y >> 3) ^ (z << 4))) ^ ((sum ^ y) + (key ^ z))
}

/** The word of the 16 byte key at `key` for position `p`. */
@inline
export function keyWord(key: usize, p: u32, sum: u32): u32 {
  return load<u32>(key + ((((p ^ (sum >> 2)) & 3) as usize) << 2))
}

/** Decrypts `words` (two or more) words at `base` in place. */
export function decrypt(base: usize, words: u32, key: usize): void {
  const rounds = roundsOf(words)
  let sum = rounds * DELTA
  let y = load<u32>(base)
  for (let round: u32 = 0; round < rounds; round++) {
    for (let p = words - 1; p > 0; p--) {
      const word = base + ((p as usize) << 2)
      y = load<u32>(word) - mix(y, load<u32>(word - 4), sum, keyWord(key, p, sum))
      store<u32>(word, y)
    }
    y = load<u32>(base) - mix(y, load<u32>(base + (((words - 1) as usize) << 2)), sum, keyWord(key, 0, sum))
    store<u32>(base, y)
    sum -= DELTA
  }
}
