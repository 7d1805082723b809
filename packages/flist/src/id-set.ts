import { randomFillSync } from 'node:crypto'

/** A set of hashes that only grows: a third of the memory and time of a set of strings. */
export type IdSet = {
  readonly size: number
  /** Adds the hash that begins at `at`, which is copied; says whether it was new. */
  add(bytes: Uint8Array, at: number): boolean
  /** How many were added before the hash that begins at `at`; -1 when it is not there. */
  indexOf(bytes: Uint8Array, at: number): number
}

const FEWEST_SLOTS = 1024

/**
 * A set of hashes of `length` bytes, a multiple of four. Where a hash goes is random, as whoever made an image could
 * otherwise choose hashes that all go to the same place.
 *
 * @param expected how many there will be; there may be more
 */
export function createIdSet(length: number, expected = 0): IdSet {
  const factors = randomFillSync(new Uint32Array(length / 4))
  /** For each place 0, or the number of the hash that has it, from 1 on; at most half are taken. */
  let slots = new Uint32Array(slotsFor(expected))
  /** One behind another, in the order they came. */
  let ids = new Uint8Array((slots.length / 2) * length)
  let size = 0

  function slotOf(bytes: Uint8Array, at: number): number {
    let hash = 0
    for (let i = 0; i < factors.length; i++) {
      const byte = at + 4 * i
      const word =
        (bytes[byte] ?? 0) |
        ((bytes[byte + 1] ?? 0) << 8) |
        ((bytes[byte + 2] ?? 0) << 16) |
        ((bytes[byte + 3] ?? 0) << 24)
      hash = (hash + Math.imul(word, (factors[i] ?? 0) | 1)) | 0
    }
    let slot = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    slot = (slot ^ (slot >>> 12)) & (slots.length - 1)
    for (let number = slots[slot]; number !== 0 && number !== undefined; number = slots[slot]) {
      if (isAt((number - 1) * length, bytes, at)) return slot
      slot = (slot + 1) & (slots.length - 1)
    }
    return slot
  }

  function isAt(start: number, bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < length; i++) if (ids[start + i] !== bytes[at + i]) return false
    return true
  }

  function grow(): void {
    const all = ids
    slots = new Uint32Array(slotsFor(size + 1))
    ids = new Uint8Array((slots.length / 2) * length)
    ids.set(all)
    for (let number = 1; number <= size; number++) slots[slotOf(ids, (number - 1) * length)] = number
  }

  return {
    get size() {
      return size
    },
    add(bytes, at) {
      if (2 * size === slots.length) grow()
      const slot = slotOf(bytes, at)
      if (slots[slot] !== 0) return false
      for (let i = 0; i < length; i++) ids[size * length + i] = bytes[at + i] ?? 0
      slots[slot] = ++size
      return true
    },
    indexOf: (bytes, at) => (slots[slotOf(bytes, at)] ?? 0) - 1,
  }
}

/** Places of which these take half at most. */
function slotsFor(count: number): number {
  return Math.max(FEWEST_SLOTS, 2 ** Math.ceil(Math.log2(2 * count + 1)))
}
