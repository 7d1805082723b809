import { type TarPosition, tarError } from './error.ts'
import { parseTarNumber } from './tar-number.ts'

/** Tar archives are sequences of blocks of this many bytes. */
export const BLOCK_SIZE = 512

/**
 * One header block as it stands, before extended headers are applied. Strings are byte strings. POSIX ustar, GNU tar
 * (basic format), star and the format of Unix v7, which has no magic.
 */
export type HeaderBlock = {
  /** The type flag as a character; `'\0'` is an old way to write `'0'`. */
  readonly typeflag: string
  readonly name: string
  readonly linkName: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes that follow, for types that have content. */
  readonly size: number
  readonly mtime: number
  readonly major: number
  readonly minor: number
}

const MAX_ID = 2 ** 32 - 1

/** Parses a block whose checksum is right. Throws `corrupt` when a field is no number, or an impossible one. */
export function parseHeaderBlock(block: Buffer, at: TarPosition): HeaderBlock {
  const magic = block.toString('latin1', 257, 265)
  const isPosix = magic.startsWith('ustar\0')
  const name = isPosix ? withPrefix(block) : text(block, 0, 100)
  const place = { ...at, entry: name }
  const hasDevice = isPosix || magic === 'ustar  \0'
  return {
    typeflag: String.fromCharCode(block[156] ?? 0),
    name,
    linkName: text(block, 157, 100),
    mode: number(block, 100, 8, 'mode', place, 0, Number.MAX_SAFE_INTEGER) % 0o10000,
    uid: number(block, 108, 8, 'uid', place, 0, MAX_ID),
    gid: number(block, 116, 8, 'gid', place, 0, MAX_ID),
    size: number(block, 124, 12, 'size', place, 0, Number.MAX_SAFE_INTEGER),
    mtime: number(block, 136, 12, 'mtime', place, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    major: hasDevice ? number(block, 329, 8, 'devmajor', place, 0, MAX_ID) : 0,
    minor: hasDevice ? number(block, 337, 8, 'devminor', place, 0, MAX_ID) : 0,
  }
}

/** Whether a block holds the checksum of its own bytes; some old tars summed them up as signed. */
export function hasValidChecksum(block: Buffer): boolean {
  const expected = parseTarNumber(block, 148, 8)
  let unsigned = 8 * 0x20 // the checksum itself counts as spaces
  for (let at = 0; at < 148; at++) unsigned += block[at] ?? 0
  for (let at = 156; at < BLOCK_SIZE; at++) unsigned += block[at] ?? 0
  return unsigned === expected || signedSum(block) === expected
}

function signedSum(block: Buffer): number {
  let sum = 8 * 0x20
  for (let at = 0; at < BLOCK_SIZE; at++) if (at < 148 || at >= 156) sum += block.readInt8(at)
  return sum
}

/** Two blocks of zeros end an archive. */
export function isZeroBlock(block: Buffer): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0)
}

/** The error for a field that no tar would write. */
export function fieldError(at: TarPosition, field: string, value: string): Error {
  return tarError('corrupt', at, `its ${field} is ${JSON.stringify(value)}; the archive is damaged or was made wrongly`)
}

function withPrefix(block: Buffer): string {
  // star keeps times behind a shorter prefix and marks that at the end of the block
  const isStar = block.toString('latin1', 508, BLOCK_SIZE) === 'tar\0'
  const prefix = text(block, 345, isStar ? 131 : 155)
  const name = text(block, 0, 100)
  return prefix === '' ? name : `${prefix}/${name}`
}

function text(block: Buffer, start: number, length: number): string {
  const nul = block.indexOf(0, start)
  return block.toString('latin1', start, nul === -1 ? start + length : Math.min(nul, start + length))
}

function number(
  block: Buffer,
  start: number,
  length: number,
  field: string,
  at: TarPosition,
  least: number,
  most: number,
): number {
  const value = parseTarNumber(block, start, length)
  if (value !== undefined && value >= least && value <= most) return value
  throw fieldError(at, field, value === undefined ? block.toString('latin1', start, start + length) : String(value))
}
