/** Snappy's raw block format, decompressor: strict, for input nobody vouches for. */

/** The output declared more than the limit. */
export const TOO_LARGE: i32 = -2
/** The input is not one whole valid stream. */
export const DAMAGED: i32 = -1

/**
 * Decompresses `length` bytes at `source` to `out`, which needs room for `limit` bytes and slack; returns the bytes
 * written, TOO_LARGE or DAMAGED. Accepts what any valid encoder writes; the declared length must be met exactly.
 */
export function decompress(source: usize, length: i32, out: usize, limit: i32): i32 {
  const sourceEnd = source + length
  let declared: u64 = 0
  for (let shift = 0; ; shift += 7) {
    if (source == sourceEnd || shift > 28) return DAMAGED
    const byte = load<u8>(source++)
    declared |= ((byte & 0x7f) as u64) << shift
    if (byte < 0x80) break
  }
  if (declared > (limit as u64)) return TOO_LARGE

  const start = out
  const end = out + (declared as usize)
  while (source < sourceEnd) {
    const tag = load<u8>(source++) as usize
    const kind = tag & 3
    const extra: usize = kind == 0 ? max<i32>(0, ((tag >> 2) as i32) - 59) : kind == 3 ? 4 : kind
    if (source + extra > sourceEnd) return DAMAGED
    // Loads four bytes whatever is there and drops the surplus.
    const operand = (load<u32>(source) as u64) & ((1 << (extra << 3)) - 1)
    source += extra

    if (kind == 0) {
      const size = extra == 0 ? ((tag >> 2) as u64) + 1 : operand + 1
      if (size > ((sourceEnd - source) as u64) || size > ((end - out) as u64)) return DAMAGED
      copyApart(out, source, size as usize)
      source += size as usize
      out += size as usize
      continue
    }
    const size = kind == 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const offset = kind == 1 ? (((tag >> 5) << 8) as u64) | operand : operand
    if (offset == 0 || offset > ((out - start) as u64) || size > end - out) return DAMAGED
    repeat(out, offset as usize, size)
    out += size
  }
  return out == end ? (declared as i32) : DAMAGED
}

@inline
function copyApart(to: usize, from: usize, size: usize): void {
  if (size <= 16) v128.store(to, v128.load(from))
  else memory.copy(to, from, size)
}

/** Copies at most 64 bytes from `offset` before `to`; they may overlap, which repeats the first ones. */
@inline
function repeat(to: usize, offset: usize, size: usize): void {
  const end = to + size
  if (offset >= 16) {
    for (; to < end; to += 16) v128.store(to, v128.load(to - offset))
  } else if (offset >= 8) {
    for (; to < end; to += 8) store<u64>(to, load<u64>(to - offset))
  } else {
    for (; to < end; to++) store<u8>(to, load<u8>(to - offset))
  }
}
