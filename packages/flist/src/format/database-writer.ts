import { encodeFirstPage } from './first-page.ts'
import { createPageStream } from './page-stream.ts'
import { createCellWriter, TABLE_MAX_LOCAL, type Value } from './row-cells.ts'
import { createTable } from './table-writer.ts'

/** A flist database under construction. */
export type DatabaseWriter = {
  /** Stores a record. Rows keep the order of the calls: the first one must be the root's ACL (see `createDatabase`). */
  addEntry(key: string, record: Uint8Array): void
  addMetadata(key: string, text: string): void
  /**
   * Hands on all pages that are left and gives the first one, which belongs before all others. Throws `invalid` when two
   * rows of a table have one key.
   */
  finish(): Buffer
}

/** The tables of libflist. */
const ENTRIES = 'CREATE TABLE entries (key VARCHAR(64) PRIMARY KEY, value BLOB)'
const METADATA = 'CREATE TABLE metadata (key VARCHAR(64) PRIMARY KEY, value TEXT)'

/**
 * Starts a flist database with the schema of libflist. It is written from its second page to its last; `sink` gets the
 * pages, 512 KiB at a time, and may keep them. Its bytes depend on the rows and their order alone. rfs takes rowids for
 * inode numbers and 1 for the root: the first row must not be a directory other than the root; libflist puts the root's
 * ACL there.
 */
export function createDatabase(sink: (piece: Buffer) => void): DatabaseWriter {
  const pages = createPageStream(sink)
  const entries = createTable('entries', pages)
  const metadata = createTable('metadata', pages)
  return {
    addEntry: entries.add,
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
      return encodeFirstPage(schema, pages.finish())
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
