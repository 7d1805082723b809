/** Numbers in [0, limit) that are the same on every run (mulberry32). */
export type Random = (limit: number) => number

/** A source of numbers from a seed. */
export function createRandom(seed: number): Random {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

const EDGES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x7f, 0x80, 0xfe, 0xff]

/** A damaged copy: one to four changes of bits, bytes, words, or of what is where. */
export function mutate(bytes: Uint8Array, random: Random): Buffer {
  let mutant = Buffer.from(bytes)
  for (let changes = 1 + random(4); changes > 0; changes--) mutant = change(mutant, random)
  return mutant
}

function change(bytes: Buffer<ArrayBuffer>, random: Random): Buffer<ArrayBuffer> {
  if (bytes.length < 16) return Buffer.alloc(16, random(256))
  const at = random(bytes.length)
  const word = random(bytes.length >> 3) * 8
  switch (random(6)) {
    case 0:
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at)
      return bytes
    case 1:
      bytes.writeUInt8(EDGES[random(EDGES.length)] ?? 0, at)
      return bytes
    case 2:
      bytes.writeInt32LE((random(2 ** 32) - 2 ** 31) | 0, word + 4 * random(2))
      return bytes
    case 3:
      // Small numbers make pointers that lead to something.
      bytes.writeInt32LE(random(256) - 64, word)
      return bytes
    case 4:
      bytes.copyWithin(word, random(bytes.length >> 3) * 8, bytes.length)
      return bytes
    default:
      return bytes.subarray(0, at)
  }
}
