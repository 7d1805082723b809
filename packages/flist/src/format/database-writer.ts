import { encodeFirstPage } from './first-page.ts'
import { addFreeList } from './free-pages.ts'
import type { PackedPart } from './gzip-writer.ts'
import { createPageStream } from './page-stream.ts'
import { createCellWriter, TABLE_MAX_LOCAL, type Value } from './row-cells.ts'
import { createParts, type PackedRows, type PartedTable } from './table-parts.ts'
import { createTable } from './table-writer.ts'

/** A flist database under construction. */
export type DatabaseWriter = Omit<PartedTable, 'add' | 'free'> & {
  /**
   * Stores a record, and gives the part of the table that it ends. Rows keep the order of the calls: the first one must be the
   * root's ACL (see `createDatabase`).
   */
  addEntry(key: string, record: Uint8Array): PackedRows | undefined
  /** After all records. */
  addMetadata(key: string, text: string): void
  /**
   * Hands on all pages that are left and gives the first one, which belongs before all others. Throws `invalid` when two
   * rows of a table have one key.
   */
  finish(): Buffer
}

/** Gets the pages of a database, 512 KiB or less at a time, which it may keep. */
export type DatabaseSink = {
  add(piece: Buffer): void
  /** Nothing that follows is packed with what was added so far. */
  endPart(): PackedPart
  addPart(part: PackedPart): void
}

/** The tables of libflist. */
const ENTRIES = 'CREATE TABLE entries (key VARCHAR(64) PRIMARY KEY, value BLOB)'
const METADATA = 'CREATE TABLE metadata (key VARCHAR(64) PRIMARY KEY, value TEXT)'

/**
 * Starts a flist database with the schema of libflist. It is written from its second page to its last. Its bytes depend on
 * the rows and their order alone. rfs takes rowids for inode numbers and 1 for the root: the first row must not be a
 * directory other than the root; libflist puts the root's ACL there.
 */
export function createDatabase(sink: DatabaseSink): DatabaseWriter {
  const pages = createPageStream(sink.add)
  const entries = createTable('entries', pages)
  const parts = createParts(entries, pages, sink.endPart)
  const metadata = createTable('metadata', pages)
  return {
    addEntry: parts.add,
    place: parts.place,
    adopt(keys, part) {
      parts.adopt(keys, part)
      sink.addPart(part.packed)
    },
    addMetadata: metadata.add,
    finish() {
      const rows = [
        ...schemaRows('entries', ENTRIES, entries.finish()),
        ...schemaRows('metadata', METADATA, metadata.finish()),
      ]
      const cells = createCellWriter(pages)
      const schema = rows.map((row, index) => {
        const cell = new Uint8Array(cells.take(row, TABLE_MAX_LOCAL, index + 1))
        cells.write(cell, 0)
        return cell
      })
      const free = addFreeList(pages, parts.free)
      pages.flush()
      return encodeFirstPage(schema, { pages: pages.count, ...free })
    },
  }
}

/** A table and the index of its primary key. https://sqlite.org/fileformat2.html#storage_of_the_sql_database_schema */
function schemaRows(name: string, sql: string, roots: { table: number; index: number }): Value[][] {
  return [
    ['table', name, name, roots.table, sql],
    ['index', `sqlite_autoindex_${name}_1`, name, roots.index, null],
  ]
}
