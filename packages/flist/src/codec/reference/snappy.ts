/**
 * Snappy's raw block format in plain TypeScript: the oracle the WebAssembly codec is tested against.
 *
 * Chunk ids are hashes of compressed bytes, so the compressor must make the same choices as its peers: it follows
 * snappy up to 1.1.8, as does the Rust crate `snap`. Later versions hash differently and give other (valid) bytes.
 * Format: https://github.com/google/snappy/blob/main/format_description.txt
 */
import { FlistError } from '../../errors.ts'

/** The compressor never looks further back than the start of its 64 KiB fragment. */
const FRAGMENT = 65536
const MAX_TABLE_BITS = 14
const MIN_TABLE_BITS = 8
/** No match starts this near to the end of a fragment. */
const MARGIN = 15
const HASH_MULTIPLIER = 0x1e35a7bd

/** `data` compressed: its length as a varint, then literals and copies. */
export function snappyCompress(data: Uint8Array): Uint8Array {
  const out: number[] = []
  let length = data.length
  while (length >= 0x80) {
    out.push((length & 0x7f) | 0x80)
    length >>>= 7
  }
  out.push(length)
  for (let start = 0; start < data.length; start += FRAGMENT) {
    compressFragment(data.subarray(start, start + FRAGMENT), out)
  }
  return Uint8Array.from(out)
}

function compressFragment(src: Uint8Array, out: number[]): void {
  const view = new DataView(src.buffer, src.byteOffset, src.byteLength)
  const word = (at: number) => view.getUint32(at, true)
  let tableBits = MIN_TABLE_BITS
  while (tableBits < MAX_TABLE_BITS && 1 << tableBits < src.length) tableBits++
  const table = new Uint16Array(1 << tableBits)
  /** Notes that the word at `at` was last seen there; returns where it, or one with its hash, was seen before. */
  const swap = (at: number) => {
    const slot = Math.imul(word(at), HASH_MULTIPLIER) >>> (32 - tableBits)
    const before = table[slot]!
    table[slot] = at
    return before
  }

  const limit = src.length - MARGIN
  let emitted = 0
  let at = 1
  // The longer nothing matches, the larger the steps: 32 lookups one byte apart, then two bytes apart, and so on.
  let skip = 32
  while (at + (skip >>> 5) <= limit) {
    let candidate = swap(at)
    if (word(candidate) !== word(at)) {
      const step = skip >>> 5
      at += step
      skip += step
      continue
    }
    emitLiteral(src.subarray(emitted, at), out)
    // The match, and those that follow it without a gap.
    do {
      const end = endOfMatch(src, candidate + 4, at + 4)
      emitCopy(at - candidate, end - at, out)
      at = end
      if (at >= limit) break
      swap(at - 1)
      candidate = swap(at)
    } while (word(candidate) === word(at))
    emitted = at
    at++
    skip = 32
  }
  emitLiteral(src.subarray(emitted), out)
}

function endOfMatch(src: Uint8Array, from: number, at: number): number {
  let length = 0
  while (at + length < src.length && src[at + length] === src[from + length]) length++
  return at + length
}

function emitLiteral(bytes: Uint8Array, out: number[]): void {
  if (bytes.length === 0) return
  const n = bytes.length - 1
  if (n < 60) out.push(n << 2)
  else if (n < 256) out.push(60 << 2, n)
  else out.push(61 << 2, n & 0xff, n >>> 8)
  for (const byte of bytes) out.push(byte)
}

function emitCopy(offset: number, length: number, out: number[]): void {
  let rest = length
  while (rest > 64) {
    // Never leaves less than 4, the shortest length of the two-byte copy.
    const part = rest >= 68 ? 64 : 60
    out.push(((part - 1) << 2) | 2, offset & 0xff, offset >>> 8)
    rest -= part
  }
  if (rest < 12 && offset < 2048) out.push(((offset >>> 8) << 5) | ((rest - 4) << 2) | 1, offset & 0xff)
  else out.push(((rest - 1) << 2) | 2, offset & 0xff, offset >>> 8)
}

function corrupt(what: string): FlistError {
  return new FlistError('chunk-corrupt', `chunk: ${what}; fetch it again`)
}

/**
 * The inverse of {@link snappyCompress}, for any valid encoder. Strict: the declared length must be met exactly.
 * @throws FlistError `chunk-corrupt` on anything else, and when more than `limit` bytes are declared
 */
export function snappyDecompress(data: Uint8Array, limit: number): Uint8Array {
  let length = 0
  let at = 0
  for (let shift = 0; ; shift += 7) {
    const byte = data[at++]
    if (byte === undefined || shift > 28) throw corrupt('its snappy header is damaged')
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (length > limit) throw corrupt(`it declares ${length} bytes, more than the ${limit} a chunk may hold`)

  const out = new Uint8Array(length)
  let end = 0
  while (at < data.length) {
    const tag = data[at++]!
    const extra = extraBytes(tag)
    if (at + extra > data.length) throw corrupt('its snappy data is cut off')
    let operand = 0
    for (let i = 0; i < extra; i++) operand += data[at++]! * 2 ** (8 * i)

    if ((tag & 3) === 0) {
      const size = extra === 0 ? (tag >>> 2) + 1 : operand + 1
      if (at + size > data.length || end + size > length) throw corrupt('a literal of its snappy data is too long')
      out.set(data.subarray(at, at + size), end)
      at += size
      end += size
      continue
    }
    const short = (tag & 3) === 1
    const size = short ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
    const offset = short ? ((tag >>> 5) << 8) + operand : operand
    if (offset === 0 || offset > end || end + size > length) throw corrupt('a copy of its snappy data is out of range')
    // Byte by byte: a copy may overlap itself, which repeats its start.
    for (let i = 0; i < size; i++, end++) out[end] = out[end - offset]!
  }
  if (end !== length) throw corrupt('its snappy data is cut off')
  return out
}

/** Bytes that follow a tag: the length of a long literal, or the offset of a copy. */
function extraBytes(tag: number): number {
  switch (tag & 3) {
    case 0:
      return Math.max(0, (tag >>> 2) - 59)
    case 1:
      return 1
    case 2:
      return 2
    default:
      return 4
  }
}
