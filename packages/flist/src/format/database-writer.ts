import { createSqlite } from './sqlite-writer.ts'

/** A flist database under construction. */
export type DatabaseWriter = {
  /** Stores a record. Rows keep the order of the calls: the first one must be the root's ACL (see `createDatabase`). */
  addEntry(key: string, record: Uint8Array): void
  addMetadata(key: string, text: string): void
  /** Completes the file, whose bytes then depend on the rows and their order alone. */
  finish(): Promise<void>
  /** Gives up; the file stays as it is. */
  abandon(): void
}

/** The tables of libflist. */
const SCHEMA = `
  CREATE TABLE entries (key VARCHAR(64) PRIMARY KEY, value BLOB);
  CREATE TABLE metadata (key VARCHAR(64) PRIMARY KEY, value TEXT);`

/**
 * Starts a flist database in a new file, with the schema of libflist. rfs takes rowids for inode numbers and 1 for the
 * root: the first row must not be a directory other than the root; libflist puts the root's ACL there.
 */
export function createDatabase(file: string): DatabaseWriter {
  const { database, finish, abandon } = createSqlite(file, SCHEMA)
  const insertEntry = database.prepare('INSERT INTO entries (key, value) VALUES (?, ?)')
  const insertMetadata = database.prepare('INSERT INTO metadata (key, value) VALUES (?, ?)')
  return {
    addEntry: (key, record) => void insertEntry.run(key, record),
    addMetadata: (key, text) => void insertMetadata.run(key, text),
    finish,
    abandon,
  }
}
