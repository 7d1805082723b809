import type { PageStream } from './page-stream.ts'

/** What a page of a b-tree begins with. https://sqlite.org/fileformat2.html#b_tree_pages */
export const INDEX_INTERIOR = 2
export const TABLE_INTERIOR = 5
export const INDEX_LEAF = 10
export const TABLE_LEAF = 13

/** A page that is being filled: pointers to cells from its header on, cells from its end. */
export type TreePage = {
  readonly bytes: Uint8Array
  /** Where its header begins */
  readonly header: number
  cells: number
  /** Where the next pointer goes */
  pointers: number
  /** Where the last cell begins */
  content: number
}

/** Begins a page of a b-tree. */
export function startTreePage(bytes: Uint8Array, type: number, header = 0): TreePage {
  bytes[header] = type
  return { bytes, header, cells: 0, pointers: header + headerBytes(type), content: bytes.length }
}

/** Where the next cell, of so many bytes, goes on a page; undefined when there is no room for it. */
export function placeCell(page: TreePage, bytes: number): number | undefined {
  const content = page.content - bytes
  if (content < page.pointers + 2) return undefined
  setUint16(page.bytes, content, page.pointers)
  page.content = content
  page.pointers += 2
  page.cells++
  return content
}

/** Completes a page, whose bytes may be used for another one afterwards. */
export function endTreePage({ bytes, header, cells, pointers, content }: TreePage): void {
  setUint16(bytes, 0, header + 1)
  setUint16(bytes, cells, header + 3)
  setUint16(bytes, content, header + 5)
  // Between the pointers and the cells may be what a page before had there.
  bytes.fill(0, pointers, content)
}

/** As the method of a buffer, without its checks. */
function setUint16(bytes: Uint8Array, value: number, at: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value & 255
}

/** The cells of a b-tree, each with a number, and without the page that interior pages have on the left of each. */
export type TreeCells = {
  /** Takes a cell and gives its bytes. */
  take(cell: number): number
  /** Writes the cell that was taken last. */
  write(target: Uint8Array, at: number): void
}

/** The pages of a b-tree that are as far from its root, and the cells that lie between every two of them, for the page above. */
export type TreeLevel = { readonly pages: readonly number[]; readonly dividers: readonly number[] }

/** Adds the pages above a level and gives the number of the root. */
export function addInterior(stream: PageStream, type: number, cells: TreeCells, leaves: TreeLevel): number {
  let level = leaves
  while (level.pages.length > 1) level = addLevel(stream, type, cells, level.dividers, level.pages)
  return level.pages[0] as number
}

/** Adds pages with all of these cells but those that divide them; in interior pages they stand between the numbers of `below`. */
export function addLevel(
  stream: PageStream,
  type: number,
  cells: TreeCells,
  numbers: readonly number[],
  below?: readonly number[],
): TreeLevel {
  const pages: number[] = []
  const dividers: number[] = []
  for (let start = 0; start <= numbers.length; ) {
    pages.push(stream.next)
    const page = startTreePage(stream.add(), type)
    let end = start
    while (end < numbers.length && addCell(page, cells, numbers[end] as number, below?.[end])) end++
    // No page may be empty: there is a cell behind the one that divides.
    if (end === numbers.length - 1) removeCell(page, cells, numbers[--end] as number, below?.[end])
    if (below) setUint32(page.bytes, below[end] as number, 8)
    endTreePage(page)
    if (end < numbers.length) dividers.push(numbers[end] as number)
    start = end + 1
  }
  return { pages, dividers }
}

/** Puts a cell on a page, in an interior one behind the number of the page on its left; false when there is no room for it. */
function addCell(page: TreePage, cells: TreeCells, cell: number, left?: number): boolean {
  const at = placeCell(page, cells.take(cell) + leftBytes(left))
  if (at === undefined) return false
  if (left !== undefined) setUint32(page.bytes, left, at)
  cells.write(page.bytes, at + leftBytes(left))
  return true
}

/** Takes back the cell that was put on a page last. */
function removeCell(page: TreePage, cells: TreeCells, cell: number, left?: number): void {
  page.content += cells.take(cell) + leftBytes(left)
  page.pointers -= 2
  page.cells--
}

const leftBytes = (left: number | undefined) => (left === undefined ? 0 : 4)

function setUint32(bytes: Uint8Array, value: number, at: number): void {
  setUint16(bytes, value >>> 16, at)
  setUint16(bytes, value & 0xffff, at + 2)
}

function headerBytes(type: number): number {
  return isInterior(type) ? 12 : 8
}

function isInterior(type: number): boolean {
  return type === INDEX_INTERIOR || type === TABLE_INTERIOR
}
