/**
 * Snappy's raw block format, compressor. Ids of chunks are hashes of these bytes, so the choices are those of snappy up
 * to 1.1.8 and of the Rust crate `snap`: the hash function, the growth of the steps and the table size decide them.
 */
import { HASH_TABLE } from './layout'

const FRAGMENT: i32 = 65536
const MAX_TABLE: i32 = 16384
const MIN_TABLE: i32 = 256
/** No match starts this near to the end of a fragment, so that eight bytes can always be loaded. */
const MARGIN: i32 = 15

/** Compresses `length` bytes at `source` to `out`; returns the end of the output, which is over-written a little. */
export function compress(source: usize, length: i32, out: usize): usize {
  let rest = length as u32
  for (; rest >= 0x80; rest >>= 7) store<u8>(out++, rest | 0x80)
  store<u8>(out++, rest)
  for (let end = source + length; source < end; source += FRAGMENT) {
    out = compressFragment(source, min<usize>(source + FRAGMENT, end), out)
  }
  return out
}

/** Where the table keeps the position of four `bytes`. */
@inline
function slotOf(bytes: u32, shift: i32): usize {
  return HASH_TABLE + ((((bytes * 0x1e35a7bd) >>> shift) as usize) << 1)
}

function compressFragment(base: usize, end: usize, out: usize): usize {
  let size = MIN_TABLE
  let shift: i32 = 24
  for (; size < MAX_TABLE && size < ((end - base) as i32); size <<= 1) shift--
  memory.fill(HASH_TABLE, 0, size << 1)

  const limit = end - MARGIN
  let emitted = base
  let at = base + 1
  if (at >= limit) return emitLiteral(base, end, out)

  let nextSlot = slotOf(load<u32>(at), shift)
  while (true) {
    // The longer nothing matches, the larger the steps: 32 one byte apart, then two bytes apart, and so on.
    let skip: usize = 32
    let next = at
    let candidate: usize
    do {
      at = next
      const step = skip >>> 5
      next = at + step
      skip += step
      if (next > limit) return emitLiteral(emitted, end, out)
      candidate = base + load<u16>(nextSlot)
      store<u16>(nextSlot, at - base)
      nextSlot = slotOf(load<u32>(next), shift)
    } while (load<u32>(at) != load<u32>(candidate))
    out = emitLiteral(emitted, at, out)

    let bytes: u64
    do {
      const matchEnd = endOfMatch(candidate + 4, at + 4, end)
      out = emitCopy(at - candidate, matchEnd - at, out)
      at = matchEnd
      emitted = at
      if (at >= limit) return emitLiteral(emitted, end, out)
      bytes = load<u64>(at - 1)
      store<u16>(slotOf(bytes as u32, shift), at - 1 - base)
      bytes >>= 8
      const slot = slotOf(bytes as u32, shift)
      candidate = base + load<u16>(slot)
      store<u16>(slot, at - base)
    } while ((bytes as u32) == load<u32>(candidate))
    nextSlot = slotOf((bytes >> 8) as u32, shift)
    at++
  }
}

/** The first position from `at` on where the bytes differ from those at `match`. */
@inline
function endOfMatch(match: usize, at: usize, end: usize): usize {
  while (at + 8 <= end) {
    const difference = load<u64>(match) ^ load<u64>(at)
    if (difference != 0) return at + ((ctz(difference) >> 3) as usize)
    match += 8
    at += 8
  }
  while (at < end && load<u8>(match) == load<u8>(at)) {
    match++
    at++
  }
  return at
}

@inline
function emitLiteral(from: usize, to: usize, out: usize): usize {
  const length = to - from
  if (length == 0) return out
  const n = length - 1
  if (n < 60) {
    store<u8>(out++, n << 2)
  } else if (n < 256) {
    store<u16>(out, (60 << 2) | (n << 8))
    out += 2
  } else {
    store<u8>(out, 61 << 2)
    store<u16>(out, n, 1)
    out += 3
  }
  // Calling memory.copy costs more than copying a few bytes too many, for which there is SLACK.
  v128.store(out, v128.load(from))
  if (length > 16) {
    if (length > 64) memory.copy(out, from, length)
    else {
      v128.store(out, v128.load(from, 16), 16)
      if (length > 32) {
        v128.store(out, v128.load(from, 32), 32)
        v128.store(out, v128.load(from, 48), 48)
      }
    }
  }
  return out + length
}

@inline
function emitCopy(offset: usize, length: usize, out: usize): usize {
  while (length > 64) {
    // Never leaves less than 4, the shortest length of the form with eleven bits of offset.
    const part: usize = length >= 68 ? 64 : 60
    store<u32>(out, ((part - 1) << 2) | 2 | (offset << 8))
    out += 3
    length -= part
  }
  // Which form it is cannot be foreseen, so both are made: a branch would cost 4 % of the compressor.
  const short = (length < 12) & (offset < 2048)
  const two = ((offset >> 8) << 5) | ((length - 4) << 2) | 1 | ((offset & 0xff) << 8)
  const three = ((length - 1) << 2) | 2 | (offset << 8)
  store<u32>(out, select(two, three, short))
  return out + select<usize>(2, 3, short)
}
