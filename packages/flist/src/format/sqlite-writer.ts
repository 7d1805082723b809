import { open } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { normaliseHeader } from './database-header.ts'

/** An SQLite file under construction. */
export type SqliteWriter = {
  readonly database: DatabaseSync
  /** Completes the file, whose bytes then depend on the rows and their order alone. */
  finish(): Promise<void>
  /** Gives up; the file stays as it is. */
  abandon(): void
}

/** Starts a database with the tables of `schema` in a new file. */
export function createSqlite(file: string, schema: string): SqliteWriter {
  const database = new DatabaseSync(file)
  // Nobody reads the file before it is finished, and an unfinished one is thrown away: no journal, no syncs.
  database.exec(`
    PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE;
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    ${schema}
    BEGIN`)
  return {
    database,
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
