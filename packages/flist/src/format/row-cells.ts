import { PAGE_BYTES, type PageStream } from './page-stream.ts'

/** A value of a row: text, blob, a whole number of 0 to 2³¹ - 1, or NULL. */
export type Value = string | Uint8Array | number | null

/**
 * Most bytes of a record that lie in its cell, in a leaf of a table and in any page of an index, and the least when the
 * others lie in overflow pages: X and M of https://sqlite.org/fileformat2.html#b_tree_pages for pages of 4096 bytes.
 */
export const TABLE_MAX_LOCAL = PAGE_BYTES - 35
export const INDEX_MAX_LOCAL = Math.floor(((PAGE_BYTES - 12) * 64) / 255) - 23
const MIN_LOCAL = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23

/** Bytes of a record in an overflow page, which begins with the number of the next one. */
const OVERFLOW_BYTES = PAGE_BYTES - 4

/** Records are laid out in memory that is used again, but for longer ones. */
const SCRATCH_BYTES = 1024 * 1024

/** Makes cells of rows. https://sqlite.org/fileformat2.html#b_tree_pages */
export type CellWriter = {
  /**
   * Takes the next row and gives the bytes of its cell, which has a rowid in a table and none in an index. What does not fit
   * in it is added to the pages before.
   */
  take(row: readonly Value[], maxLocal: number, rowid?: number): number
  /** Writes the cell of the row that was taken last, as often as this is called. */
  write(target: Uint8Array, at: number): void
}

/** Starts to make cells whose overflow pages are added to `pages`. */
export function createCellWriter(pages: PageStream): CellWriter {
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  /** Of the row that was taken last: its rowid, its bytes, those of its header, and the type of each value. */
  let row: readonly Value[] = []
  let rowid: number | undefined
  let length = 0
  let header = 0
  const types: number[] = []
  /** Its cell, where only a part of it fits. */
  let split: Uint8Array | undefined

  function writeWhole(target: Uint8Array, start: number): void {
    let at = writeVarint(target, length, start)
    if (rowid !== undefined) at = writeVarint(target, rowid, at)
    target[at++] = header
    for (let i = 0; i < row.length; i++) at = writeVarint(target, types[i] as number, at)
    for (let i = 0; i < row.length; i++) {
      const value = row[i] as Value
      const bytes = typeBytes(types[i] as number)
      if (typeof value === 'string') writeText(target, value, bytes, at)
      else if (typeof value === 'number') writeNumber(target, value, at, bytes)
      else if (value !== null) target.set(value, at)
      at += bytes
    }
  }

  /** The part of the cell before the overflow pages, then the number of the first of them. */
  function splitCell(start: number, local: number): Uint8Array {
    const end = start + length
    const cell = end <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafe(end)
    writeWhole(cell, 0)
    cell.writeUInt32BE(addOverflow(pages, cell, start + local, end), start + local)
    return cell.subarray(0, start + local + 4)
  }

  return {
    take(nextRow, maxLocal, nextRowid) {
      row = nextRow
      rowid = nextRowid
      // With five bytes for a type at most, a row of five says the size of its header in one byte.
      header = 1
      length = 0
      for (let i = 0; i < row.length; i++) {
        const type = serialType(row[i] as Value)
        types[i] = type
        header += varintBytes(type)
        length += typeBytes(type)
      }
      length += header
      const start = varintBytes(length) + (rowid === undefined ? 0 : varintBytes(rowid))
      const local = localBytes(length, maxLocal)
      split = local === length ? undefined : splitCell(start, local)
      return split?.length ?? start + length
    },
    write(target, at) {
      if (split) target.set(split, at)
      else writeWhole(target, at)
    },
  }
}

/** Writes a text of as many bytes. Nearly all are of ASCII, a byte each. */
function writeText(target: Uint8Array, text: string, bytes: number, start: number): void {
  if (text.length !== bytes) target.set(Buffer.from(text), start)
  else for (let i = 0; i < bytes; i++) target[start + i] = text.charCodeAt(i)
}

function writeNumber(target: Uint8Array, value: number, start: number, bytes: number): void {
  for (let at = start + bytes - 1, rest = value; at >= start; at--, rest >>>= 8) target[at] = rest & 255
}

/** Bytes of {@link writeVarint}. */
export function varintBytes(value: number): number {
  if (value < 2 ** 7) return 1
  if (value < 2 ** 14) return 2
  if (value < 2 ** 21) return 3
  return value < 2 ** 28 ? 4 : 5
}

/**
 * Writes a number of 0 to 2³² - 1, seven bits a byte and the highest ones first, and gives where it ends.
 * https://sqlite.org/fileformat2.html#varint
 */
export function writeVarint(target: Uint8Array, value: number, at: number): number {
  const end = at + varintBytes(value)
  target[end - 1] = value & 127
  for (let i = end - 2, rest = value >>> 7; i >= at; i--, rest >>>= 7) target[i] = 128 | (rest & 127)
  return end
}

function localBytes(length: number, maxLocal: number): number {
  if (length <= maxLocal) return length
  // So much that the overflow pages are full.
  const local = MIN_LOCAL + ((length - MIN_LOCAL) % OVERFLOW_BYTES)
  return local <= maxLocal ? local : MIN_LOCAL
}

/** Adds pages with the bytes from `start` to `end` and gives the number of the first. */
function addOverflow(pages: PageStream, bytes: Buffer, start: number, end: number): number {
  const first = pages.next
  for (let at = start; at < end; at += OVERFLOW_BYTES) {
    const page = pages.add()
    const stop = Math.min(at + OVERFLOW_BYTES, end)
    page.writeUInt32BE(stop === end ? 0 : pages.next)
    bytes.copy(page, 4, at, stop)
  }
  return first
}

/** What a record's header says of a value: its type and size. */
function serialType(value: Value): number {
  if (value === null) return 0
  if (typeof value === 'string') return 13 + 2 * Buffer.byteLength(value)
  if (typeof value !== 'number') return 12 + 2 * value.length
  // Integers are signed: the highest bit stays clear. 0 and 1 have types of their own.
  return value < 2 ? 8 + value : Math.ceil((33 - Math.clz32(value)) / 8)
}

/** Bytes of a value with one of the types above. */
function typeBytes(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2)
  return type < 8 ? type : 0
}
