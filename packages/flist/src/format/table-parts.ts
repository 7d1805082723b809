import type { PackedPart } from './gzip-writer.ts'
import { PAGE_BYTES, type PageStream } from './page-stream.ts'
import type { Leaf, TableWriter } from './table-writer.ts'

/** Where a part begins: how many pages are before it, and its first rowid. */
export type PartPlace = { readonly pages: number; readonly rowid: number }

/** A part of a table. Its bytes depend on its rows and its place alone. */
export type PackedRows = {
  readonly place: PartPlace
  readonly rows: number
  readonly pages: number
  /** Numbers of the pages that are filled up with, its last ones */
  readonly free: readonly number[]
  readonly leaves: readonly Leaf[]
  readonly packed: PackedPart
}

/** Whether what a part says of itself can be: it may come from a file. What is packed is not looked at. */
export function isSoundPart({ place, rows, pages, free, leaves, packed }: PackedRows): boolean {
  const isPage = (page: number) => page > place.pages && page <= place.pages + pages
  const lasts = [place.rowid - 1, ...leaves.map(({ last }) => last)]
  return (
    rows > 0 &&
    rows <= PART_ROWIDS &&
    packed.bytes === pages * PAGE_BYTES &&
    free.every(isPage) &&
    leaves.every(({ page }) => isPage(page)) &&
    lasts.every((last, i) => i === 0 || last > (lasts[i - 1] ?? 0)) &&
    lasts.at(-1) === place.rowid + rows - 1
  )
}

/** A table in parts. */
export type PartedTable = {
  /** Adds a row, and gives the part that it ends. */
  add(key: string, value: Uint8Array): PackedRows | undefined
  /** The place of the part that begins with the next row; undefined when there are rows in it already. */
  place(): PartPlace | undefined
  /** Adds the rows of a part that was made for this place. */
  adopt(keys: Iterable<string>, part: PackedRows): void
  /** Free pages of all parts. */
  readonly free: readonly number[]
}

/** One key of 256 ends with this, as they are hexadecimal hashes, and may be the last one of a part. */
const LAST_KEY = '00'

/** A part with fewer pages goes on. Pages are filled up to a multiple of `FILLED_PAGES`, so that most parts keep their place when one before grows. */
const LEAST_PAGES = 64
const FILLED_PAGES = 16

/** Rowids that are a part's own. */
const PART_ROWIDS = 4096

/**
 * Cuts a table in parts, where its keys say so: wherever the same rows follow each other the same parts begin soon. Each
 * has rowids and pages of its own, with room to grow, and refers to none of another.
 */
export function createParts(table: TableWriter, pages: PageStream, endPart: () => PackedPart): PartedTable {
  const free: number[] = []
  let place: PartPlace = { pages: pages.count, rowid: 1 }
  let rows = 0

  const nextRowid = () => place.rowid + PART_ROWIDS

  function end(): PackedRows {
    const leaves = table.leap(nextRowid())
    const filling: number[] = []
    while ((pages.count - place.pages) % FILLED_PAGES !== 0) {
      filling.push(pages.next)
      pages.add()
    }
    pages.flush()
    const part = { place, rows, pages: pages.count - place.pages, free: filling, leaves, packed: endPart() }
    begin(part)
    return part
  }

  function begin(before: PackedRows): void {
    free.push(...before.free)
    place = { pages: pages.count, rowid: nextRowid() }
    rows = 0
  }

  return {
    free,
    place: () => (rows === 0 ? place : undefined),
    add(key, value) {
      table.add(key, value)
      rows++
      const isLast = key.endsWith(LAST_KEY) && pages.count - place.pages >= LEAST_PAGES
      return isLast || rows === PART_ROWIDS ? end() : undefined
    },
    adopt(keys, part) {
      table.adopt(keys, part.leaves)
      table.leap(nextRowid())
      pages.skip(part.pages)
      begin(part)
    },
  }
}
