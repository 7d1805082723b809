import { PAGE_BYTES, type PageStream } from './page-stream.ts'

/** What a page of a b-tree begins with. https://sqlite.org/fileformat2.html#b_tree_pages */
export const INDEX_INTERIOR = 2
export const TABLE_INTERIOR = 5
export const INDEX_LEAF = 10
export const TABLE_LEAF = 13

/** A page that is being filled: pointers to cells from its header on, cells from its end. */
export type TreePage = {
  readonly bytes: Buffer
  /** Where its header begins */
  readonly header: number
  cells: number
  /** Where the next pointer goes */
  pointers: number
  /** Where the last cell begins */
  content: number
}

/** Begins a page of a b-tree, in bytes that are zero or were another page of this type. */
export function startTreePage(bytes: Buffer, type: number, header = 0): TreePage {
  bytes[header] = type
  setUint16(bytes, 0, header + 3)
  setUint16(bytes, bytes.length, header + 5)
  return { bytes, header, cells: 0, pointers: header + headerBytes(type), content: bytes.length }
}

/** Puts a cell on a page; `false` when there is no room for it. */
export function putCell(page: TreePage, cell: Uint8Array): boolean {
  const { bytes, header, pointers } = page
  const content = page.content - cell.length
  if (content < pointers + 2) return false
  bytes.set(cell, content)
  setUint16(bytes, content, pointers)
  page.content = content
  page.pointers += 2
  page.cells++
  setUint16(bytes, page.cells, header + 3)
  setUint16(bytes, content, header + 5)
  return true
}

/** As the method of a buffer, without its checks. */
function setUint16(bytes: Uint8Array, value: number, at: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value & 255
}

/**
 * The pages of a b-tree that are as far from its root, and what lies between every two of them: a cell for the page above,
 * without the number of the page on its left.
 */
export type TreeLevel = { readonly pages: readonly number[]; readonly dividers: readonly Uint8Array[] }

/** Adds the pages above a level and gives the number of the root. */
export function addInterior(stream: PageStream, type: number, leaves: TreeLevel): number {
  let level = leaves
  while (level.pages.length > 1) level = addLevel(stream, type, level.dividers, level.pages)
  return level.pages[0] as number
}

/** Adds pages with all cells but those that divide them; in interior pages these stand between the numbers of `below`. */
export function addLevel(
  stream: PageStream,
  type: number,
  cells: readonly Uint8Array[],
  below: readonly number[] = [],
): TreeLevel {
  const pages: number[] = []
  const dividers: Uint8Array[] = []
  for (let start = 0; start <= cells.length; ) {
    const end = endOfPage(type, cells, start)
    pages.push(stream.next)
    fillPage(stream.add(), type, cells.slice(start, end), below.slice(start, end + 1))
    dividers.push(...cells.slice(end, end + 1))
    start = end + 1
  }
  return { pages, dividers }
}

/** Where the cells of a page end: at the cell that divides it from the next page, or after the last one. */
function endOfPage(type: number, cells: readonly Uint8Array[], start: number): number {
  let room = PAGE_BYTES - headerBytes(type)
  let end = start
  for (; end < cells.length; end++) {
    room -= 2 + (isInterior(type) ? 4 : 0) + (cells[end] as Uint8Array).length
    if (room < 0) break
  }
  // No page may be empty: there is a cell behind the one that divides.
  return end === cells.length - 1 ? end - 1 : end
}

function fillPage(bytes: Buffer, type: number, cells: readonly Uint8Array[], below: readonly number[]): void {
  const page = startTreePage(bytes, type)
  for (const [index, cell] of cells.entries()) {
    const left = below[index]
    putCell(page, left === undefined ? cell : Buffer.concat([encodeNumber(left), cell]))
  }
  const right = below.at(-1)
  if (right !== undefined) bytes.writeUInt32BE(right, 8)
}

function encodeNumber(page: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(page)
  return bytes
}

function headerBytes(type: number): number {
  return isInterior(type) ? 12 : 8
}

function isInterior(type: number): boolean {
  return type === INDEX_INTERIOR || type === TABLE_INTERIOR
}
