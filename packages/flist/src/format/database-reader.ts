import type { DatabaseSync } from 'node:sqlite'
import { FlistError } from '../errors.ts'
import { type AclRecord, decodeAcl } from './acl.ts'
import { type DirectoryRecord, decodeDirectory } from './directory-record.ts'
import { MAX_RECORD_BYTES } from './message-writer.ts'
import { guard, openSqlite, readTextRows, type SchemaRow, textOf } from './sqlite-reader.ts'

/** The records of a flist as they are stored, for who looks under the tree. All of it throws `corrupt` on damage. */
export type FlistDatabase = {
  readonly format: 'flist'
  /** The directory record under a key (32 hex digits). */
  directory(key: string): DirectoryRecord
  /** The ACL record under a key (16 hex digits). */
  acl(key: string): AclRecord
  /** Every key of the table of records, in the order of the rows. */
  keys(): Generator<string>
  /** The metadata rows as they are, in order. */
  metadataRows(): ReadonlyMap<string, string>
  /** May be called again. */
  close(): void
}

const TABLE =
  /^CREATE TABLE ["'`[]?(?:entries|metadata)["'`\]]?\s*\(\s*key (?:VARCHAR\(\d+\)|TEXT) PRIMARY KEY,\s*value (?:BLOB|TEXT)\s*\)$/i
const INDEX = /^CREATE (?:UNIQUE )?INDEX \w+ ON (?:entries|metadata)\s*\(\s*key\s*\)$/i

/**
 * Opens the database of a flist read-only, after checking that it is one: only the two tables, plainly declared, and
 * every page where it belongs (see `openSqlite`). `name` stands for the flist in messages. The file may be unlinked
 * while the database is open. Throws `not-a-flist` and `corrupt`.
 */
export async function openDatabase(file: string, name: string): Promise<FlistDatabase> {
  let tables = new Set<string>()
  const database = await openSqlite(file, name, MAX_RECORD_BYTES, (rows) => {
    tables = checkSchema(rows, name)
  })
  try {
    return guard(name, () => createReader(database, tables.has('metadata'), name))
  } catch (error) {
    database.close()
    throw error
  }
}

/** The names of the tables; early flists have none of metadata. */
function checkSchema(rows: readonly SchemaRow[], name: string): Set<string> {
  for (const { type, name: object, sql } of rows) {
    const known = sql === null ? type === 'index' : TABLE.test(sql) || INDEX.test(sql)
    if (!known)
      throw new FlistError('corrupt', `${name}: has ${JSON.stringify(object)} in its database, which no flist has`)
  }
  const tables = new Set(rows.filter(({ type }) => type === 'table').map((row) => row.name))
  if (!tables.has('entries')) {
    throw new FlistError('not-a-flist', `${name}: has a database without entries; give a file that a flist writer made`)
  }
  return tables
}

function createReader(database: DatabaseSync, hasMetadata: boolean, name: string): FlistDatabase {
  const selectEntry = database.prepare('SELECT value FROM entries WHERE key = ?')
  const selectKeys = database.prepare('SELECT key FROM entries ORDER BY rowid')
  const record = (kind: string, key: string): Uint8Array => {
    const row = guard(name, () => selectEntry.get(key))
    if (row === undefined)
      throw new FlistError('corrupt', `${name}: has no ${kind} record "${key}"; make the flist again`)
    if (!(row.value instanceof Uint8Array) || row.value.length < 8) {
      const remedy = 'zflist leaves such a record for a directory over 4 MiB, make the flist again with another writer'
      throw new FlistError('corrupt', `${name}: has an empty ${kind} record "${key}"; ${remedy}`)
    }
    return row.value
  }
  return {
    format: 'flist',
    directory: (key) => decodeDirectory(record('directory', key), `${name}: directory record "${key}"`),
    acl: (key) => decodeAcl(record('ACL', key), `${name}: ACL record "${key}"`),
    *keys() {
      const rows = selectKeys.iterate()
      for (let row = guard(name, () => rows.next()); row.done !== true; row = guard(name, () => rows.next())) {
        yield textOf(row.value.key, name)
      }
    },
    metadataRows: () =>
      guard(name, () => (hasMetadata ? readTextRows(database, 'metadata', name) : new Map<string, string>())),
    close() {
      if (database.isOpen) database.close()
    },
  }
}
