import { open } from 'node:fs/promises'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { FlistError } from '../errors.ts'
import { type AclRecord, decodeAcl } from './acl.ts'
import { checkHeader, HEADER_CHECK_BYTES } from './database-header.ts'
import { type DirectoryRecord, decodeDirectory } from './directory-record.ts'
import { MAX_RECORD_BYTES } from './message-writer.ts'

/** The records of a flist as they are stored, for who looks under the tree. All of it throws `corrupt` on damage. */
export type FlistDatabase = {
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

/** More rows of metadata than anyone writes; the reference knows six keys. */
const MAX_METADATA_ROWS = 1000
const MAX_METADATA_BYTES = 4 * 1024 * 1024

const TABLE =
  /^CREATE TABLE ["'`[]?(?:entries|metadata)["'`\]]?\s*\(\s*key (?:VARCHAR\(\d+\)|TEXT) PRIMARY KEY,\s*value (?:BLOB|TEXT)\s*\)$/i
const INDEX = /^CREATE (?:UNIQUE )?INDEX \w+ ON (?:entries|metadata)\s*\(\s*key\s*\)$/i

/**
 * Opens the database of a flist read-only, after checking that it is one: only the two tables, plainly declared, and
 * every page where it belongs, so that no later statement can run code of the file or run for ever. `name` stands for
 * the flist in messages. The file may be unlinked while the database is open. Throws `not-a-flist` and `corrupt`.
 */
export async function openDatabase(file: string, name: string): Promise<FlistDatabase> {
  checkHeader(await readStart(file), name)
  const database = guard(
    name,
    () => new DatabaseSync(file, { readOnly: true, defensive: true, limits: { length: MAX_RECORD_BYTES } }),
  )
  try {
    const hasMetadata = guard(name, () => checkDatabase(database, name))
    return guard(name, () => createReader(database, hasMetadata, name))
  } catch (error) {
    database.close()
    throw error
  }
}

/** Gives the errors of SQLite a meaning. */
function guard<T>(name: string, action: () => T): T {
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

async function readStart(file: string): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEADER_CHECK_BYTES), 0, HEADER_CHECK_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Says whether there is a table of metadata; early flists have none. */
function checkDatabase(database: DatabaseSync, name: string): boolean {
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON')
  const tables = new Set<unknown>()
  for (const { type, name: object, sql } of database.prepare('SELECT type, name, sql FROM sqlite_schema').iterate()) {
    // SQLite's own index for a primary key has no text.
    const known = sql === null ? type === 'index' : typeof sql === 'string' && (TABLE.test(sql) || INDEX.test(sql))
    if (!known)
      throw new FlistError('corrupt', `${name}: has ${JSON.stringify(object)} in its database, which no flist has`)
    if (type === 'table') tables.add(object)
  }
  if (!tables.has('entries')) {
    throw new FlistError('not-a-flist', `${name}: has a database without entries; give a file that a flist writer made`)
  }
  const [check] = database.prepare('PRAGMA quick_check(1)').all()
  if (check?.quick_check !== 'ok') {
    throw new FlistError(
      'corrupt',
      `${name}: has a damaged database (${check?.quick_check}); make or fetch the flist again`,
    )
  }
  return tables.has('metadata')
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
    directory: (key) => decodeDirectory(record('directory', key), `${name}: directory record "${key}"`),
    acl: (key) => decodeAcl(record('ACL', key), `${name}: ACL record "${key}"`),
    *keys() {
      const rows = selectKeys.iterate()
      for (let row = guard(name, () => rows.next()); row.done !== true; row = guard(name, () => rows.next())) {
        yield textOf(row.value.key, name)
      }
    },
    metadataRows: () => guard(name, () => (hasMetadata ? readMetadataRows(database, name) : new Map<string, string>())),
    close() {
      if (database.isOpen) database.close()
    },
  }
}

function readMetadataRows(database: DatabaseSync, name: string): ReadonlyMap<string, string> {
  const rows = new Map<string, string>()
  let bytes = 0
  for (const { key, value } of database.prepare('SELECT key, value FROM metadata ORDER BY rowid').iterate()) {
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

function textOf(value: SQLOutputValue | undefined, name: string): string {
  if (typeof value === 'string') return value
  throw new FlistError('corrupt', `${name}: has a database row that is not text; make or fetch the flist again`)
}
