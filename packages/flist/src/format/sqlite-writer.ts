import { open } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { normaliseHeader } from './database-header.ts'

/** An SQLite file under construction. */
export type SqliteWriter = {
  readonly database: DatabaseSync
  /** Makes the file, whose bytes depend on the rows and their order alone. */
  finish(): Promise<void>
  /** Gives up; there is no file then. */
  abandon(): void
}

/**
 * Starts a database with the tables of `schema`, which becomes a new file when it is finished. Until then it is a nameless
 * temporary one of SQLite, of which what its cache does not hold lies in the folder for temporary files.
 */
export function createSqlite(file: string, schema: string): SqliteWriter {
  const database = new DatabaseSync('')
  // Nobody reads the file before it is finished, and an unfinished one is thrown away: no journal, no syncs.
  database.exec(`
    PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE;
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    ${schema}
    BEGIN`)
  return {
    database,
    async finish() {
      database.exec('COMMIT')
      // Vacuumed in place, which gives the same pages, each would be written twice more.
      database.prepare('VACUUM INTO ?').run(file)
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
