import { open } from 'node:fs/promises'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { FlistError } from '../errors.ts'
import { checkHeader, HEADER_CHECK_BYTES } from './database-header.ts'

/** One row of SQLite's list of what a database holds; `sql` is null for an index SQLite made for a primary key. */
export type SchemaRow = { readonly type: string; readonly name: string; readonly sql: string | null }

/** More rows of metadata than anyone writes; the reference knows six keys. */
const MAX_METADATA_ROWS = 1000
const MAX_METADATA_BYTES = 4 * 1024 * 1024

/**
 * Opens a database read-only, as a file that nobody changes meanwhile, after checking what lies in it: `checkSchema` has
 * to refuse everything but plain tables and indexes, then every page is checked to be where it belongs. So no later
 * statement can run code of the file or run for ever. No value may be over `maxValueBytes`. `name` stands for the flist
 * in messages. Throws `not-a-flist` and `corrupt`.
 */
export async function openSqlite(
  file: string,
  name: string,
  maxValueBytes: number,
  checkSchema: (rows: readonly SchemaRow[]) => void,
): Promise<DatabaseSync> {
  checkHeader(await readStart(file), name)
  // Immutable: neither a journal beside the file nor locks of others are looked at.
  const location = pathToFileURL(file)
  location.searchParams.set('immutable', '1')
  const database = guard(
    name,
    () => new DatabaseSync(location, { readOnly: true, defensive: true, limits: { length: maxValueBytes } }),
  )
  try {
    guard(name, () => checkDatabase(database, name, checkSchema))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Gives the errors of SQLite a meaning. */
export function guard<T>(name: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    if (cause instanceof FlistError) throw cause
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_INVALID_STATE') {
      throw new FlistError('invalid', `${name}: is closed; await what reads a flist before it is closed`, { cause })
    }
    throw new FlistError('corrupt', `${name}: has a damaged database; make or fetch the flist again`, { cause })
  }
}

/** The rows `key`, `value` of a table of metadata, in their order. Throws `too-large` and `corrupt`. */
export function readTextRows(database: DatabaseSync, table: string, name: string): ReadonlyMap<string, string> {
  const rows = new Map<string, string>()
  let bytes = 0
  for (const { key, value } of database.prepare(`SELECT key, value FROM ${table} ORDER BY rowid`).iterate()) {
    const text = textOf(value, name)
    bytes += text.length
    if (rows.size === MAX_METADATA_ROWS || bytes > MAX_METADATA_BYTES) {
      throw new FlistError(
        'too-large',
        `${name}: has more metadata than ${MAX_METADATA_BYTES} bytes or ${MAX_METADATA_ROWS} rows; write it with less`,
      )
    }
    rows.set(textOf(key, name), text)
  }
  return rows
}

/** A value that has to be text. Throws `corrupt`. */
export function textOf(value: SQLOutputValue | undefined, name: string): string {
  if (typeof value === 'string') return value
  throw new FlistError('corrupt', `${name}: has a database row that is not text; make or fetch the flist again`)
}

async function readStart(file: string): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEADER_CHECK_BYTES), 0, HEADER_CHECK_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function checkDatabase(database: DatabaseSync, name: string, checkSchema: (rows: readonly SchemaRow[]) => void): void {
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON')
  const rows = database.prepare('SELECT type, name, sql FROM sqlite_schema').all()
  checkSchema(
    rows.map((row) => ({
      type: textOf(row.type, name),
      name: textOf(row.name, name),
      sql: row.sql === null ? null : textOf(row.sql, name),
    })),
  )
  const [check] = database.prepare('PRAGMA quick_check(1)').all()
  if (check?.quick_check !== 'ok') {
    throw new FlistError(
      'corrupt',
      `${name}: has a damaged database (${check?.quick_check}); make or fetch the flist again`,
    )
  }
}
