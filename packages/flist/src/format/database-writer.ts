import { open } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { normaliseHeader } from './database-header.ts'

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

/**
 * Starts a flist database in a new file, with the schema of libflist. rfs takes rowids for inode numbers and 1 for the
 * root: the first row must not be a directory other than the root; libflist puts the root's ACL there.
 */
export function createDatabase(file: string): DatabaseWriter {
  const database = new DatabaseSync(file)
  // Nobody reads the file before it is finished, and an unfinished one is thrown away: no journal, no syncs.
  database.exec(`
    PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE;
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE entries (key VARCHAR(64) PRIMARY KEY, value BLOB);
    CREATE TABLE metadata (key VARCHAR(64) PRIMARY KEY, value TEXT);
    BEGIN`)
  const insertEntry = database.prepare('INSERT INTO entries (key, value) VALUES (?, ?)')
  const insertMetadata = database.prepare('INSERT INTO metadata (key, value) VALUES (?, ?)')
  return {
    addEntry: (key, record) => void insertEntry.run(key, record),
    addMetadata: (key, text) => void insertMetadata.run(key, text),
    async finish() {
      database.exec('COMMIT; VACUUM')
      database.close()
      await rewriteHeader(file)
    },
    abandon() {
      if (database.isOpen) database.close()
    },
  }
}

async function rewriteHeader(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const header = Buffer.alloc(100)
    await handle.read(header, 0, header.length, 0)
    normaliseHeader(header)
    await handle.write(header, 0, header.length, 0)
  } finally {
    await handle.close()
  }
}
