import { HEADER_BYTES, normaliseHeader, SQLITE_MAGIC } from './database-header.ts'
import { PAGE_BYTES } from './page-stream.ts'
import { endTreePage, placeCell, startTreePage, TABLE_LEAF } from './tree-pages.ts'

/** How many pages a database has, how many of them are free, and where the list of these begins (0 for none). */
export type PageCounts = { readonly pages: number; readonly free: number; readonly freeList: number }

/**
 * The first page: the header of a database, then its schema table, whose cells have to fit. What is zero in the header is
 * not used. https://sqlite.org/fileformat2.html#the_database_header
 */
export function encodeFirstPage(schema: readonly Uint8Array[], { pages, free, freeList }: PageCounts): Buffer {
  const page = Buffer.alloc(PAGE_BYTES)
  page.set(SQLITE_MAGIC)
  page.writeUInt16BE(PAGE_BYTES, 16)
  // Read and written with a rollback journal; fractions of a page, of which one value each is valid.
  page.set([1, 1, 0, 64, 32, 32], 18)
  page.writeUInt32BE(pages, 28)
  page.writeUInt32BE(freeList, 32)
  page.writeUInt32BE(free, 36)
  // The schema changed twice, by a table each time; its format is that of all SQLites since 2006; texts are UTF-8.
  page.writeUInt32BE(2, 40)
  page.writeUInt32BE(4, 44)
  page.writeUInt32BE(1, 56)
  normaliseHeader(page)
  const leaf = startTreePage(page, TABLE_LEAF, HEADER_BYTES)
  for (const cell of schema) {
    const at = placeCell(leaf, cell.length)
    if (at === undefined) throw new RangeError('the schema does not fit on a page')
    page.set(cell, at)
  }
  endTreePage(leaf)
  return page
}
