import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { FL_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { byteString } from '../format/byte-string.ts'
import { guard, openSqlite, readTextRows, textOf } from '../format/sqlite-reader.ts'
import type { ChunkList } from '../tree.ts'
import type { FlInode } from './fl-inode.ts'
import type { FlRoute } from './fl-route.ts'
import { checkFlSchema } from './fl-schema.ts'

/** The rows of a `.fl` file as they are, for who looks under the tree. All of it throws `corrupt` on damage. */
export type FlDatabase = {
  readonly format: 'fl'
  inode(ino: number): FlInode | undefined
  /** The inodes that name a directory as their parent, by number. */
  children(parent: number): Generator<FlInode>
  /** The blocks of an inode, in their order. */
  content(ino: number): ChunkList
  /** Where the chunks are, in order. */
  routes(): readonly FlRoute[]
  /** The tags as they are, in order. */
  metadataRows(): ReadonlyMap<string, string>
  /** How many rows the tables have, and whether the indexes have the same. */
  counts(): { readonly inodes: number; readonly extras: number; readonly blocks: number; readonly indexed: boolean }
  /** May be called again. */
  close(): void
}

/** Far over every value of a `.fl`: names, link targets, addresses, tags. */
const MAX_VALUE_BYTES = 4 * 1024 * 1024

const MAX_ROUTES = 1000

const MAX_UINT32 = 0xffffffff

// The indexes are named, so that nothing falls back to reading whole tables.
const INODE = `SELECT inode.ino, parent, CAST(name AS BLOB) AS name, size, uid, gid, mode, rdev, ctime, mtime,
  CAST(data AS BLOB) AS data FROM inode`
const SELECT_INODE = `${INODE} LEFT JOIN extra ON extra.ino = inode.ino WHERE inode.ino = ?`
const SELECT_CHILDREN = `${INODE} INDEXED BY parents LEFT JOIN extra ON extra.ino = inode.ino
  WHERE parent = ? ORDER BY inode.ino`
const SELECT_BLOCKS = 'SELECT id, key FROM block INDEXED BY block_ino WHERE ino = ? ORDER BY rowid'

/**
 * Opens a `.fl` file read-only, after checking that it holds what rfs declares and nothing else (see `openSqlite`).
 * `name` stands for the file in messages. Throws `not-a-flist` and `corrupt`.
 */
export async function openFlDatabase(file: string, name: string): Promise<FlDatabase> {
  const database = await openSqlite(file, name, MAX_VALUE_BYTES, (rows) => checkFlSchema(rows, name))
  try {
    return guard(name, () => createReader(database, name))
  } catch (error) {
    database.close()
    throw error
  }
}

function createReader(database: DatabaseSync, name: string): FlDatabase {
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    statement.setReadBigInts(true)
    return statement
  }
  const [selectInode, selectBlocks] = [prepare(SELECT_INODE), prepare(SELECT_BLOCKS)]
  return {
    format: 'fl',
    inode(ino) {
      const row = guard(name, () => selectInode.get(ino))
      return row && readInode(row, name)
    },
    *children(parent) {
      // A statement of its own: the next directory may be asked for before this one is through.
      const rows = guard(name, () => prepare(SELECT_CHILDREN).iterate(parent))
      for (let row = guard(name, () => rows.next()); row.done !== true; row = guard(name, () => rows.next())) {
        yield readInode(row.value, name)
      }
    },
    content: (ino) => guard(name, () => readContent(selectBlocks.all(ino), name)),
    routes: () => guard(name, () => readRoutes(database, name)),
    metadataRows: () => guard(name, () => readTextRows(database, 'tag', name)),
    counts: () => guard(name, () => readCounts(database)),
    close() {
      if (database.isOpen) database.close()
    },
  }
}

function readInode(row: Record<string, SQLOutputValue>, name: string): FlInode {
  const { data } = row
  const whole = (column: string, min: number, max: number) => wholeOf(row[column], column, name, min, max)
  const [min, max] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  return {
    ino: whole('ino', 1, max),
    parent: whole('parent', 0, max),
    name: byteTextOf(row.name, name),
    size: whole('size', 0, max),
    uid: whole('uid', 0, MAX_UINT32),
    gid: whole('gid', 0, MAX_UINT32),
    mode: whole('mode', 0, 0o177777),
    rdev: bigintOf(row.rdev, 'rdev', name),
    ctime: whole('ctime', min, max),
    mtime: whole('mtime', min, max),
    ...(data !== null && { data: byteTextOf(data, name) }),
  }
}

function readContent(rows: readonly Record<string, SQLOutputValue>[], name: string): ChunkList {
  const { idBytes, keyBytes, entryBytes } = FL_CHUNKS
  const content = new Uint8Array(rows.length * entryBytes)
  for (const [index, { id, key }] of rows.entries()) {
    content.set(bytesOf(id, idBytes, name), index * entryBytes)
    content.set(bytesOf(key, keyBytes, name), index * entryBytes + idBytes)
  }
  return content
}

function readRoutes(database: DatabaseSync, name: string): FlRoute[] {
  const statement = database.prepare(`SELECT start, end, url FROM route ORDER BY rowid LIMIT ${MAX_ROUTES + 1}`)
  statement.setReadBigInts(true)
  const rows = statement.all()
  if (rows.length > MAX_ROUTES) throw new FlistError('too-large', `${name}: has over ${MAX_ROUTES} routes; use fewer`)
  return rows.map(({ start, end, url }) => ({
    start: wholeOf(start, 'start', name, 0, 0xff),
    end: wholeOf(end, 'end', name, 0, 0xff),
    url: textOf(url, name),
  }))
}

function readCounts(database: DatabaseSync) {
  const count = (table: string) => Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count)
  const [check] = database.prepare('PRAGMA integrity_check(1)').all()
  const indexed = check?.integrity_check === 'ok'
  return { inodes: count('inode'), extras: count('extra'), blocks: count('block NOT INDEXED'), indexed }
}

function bigintOf(value: SQLOutputValue | undefined, column: string, name: string): bigint {
  if (typeof value === 'bigint') return value
  throw new FlistError('corrupt', `${name}: has a "${column}" that is no whole number; make or fetch the flist again`)
}

function wholeOf(value: SQLOutputValue | undefined, column: string, name: string, min: number, max: number): number {
  const number = bigintOf(value, column, name)
  if (number >= min && number <= max) return Number(number)
  throw new FlistError('corrupt', `${name}: has the "${column}" ${number}; make or fetch the flist again`)
}

function byteTextOf(value: SQLOutputValue | undefined, name: string): string {
  if (value instanceof Uint8Array) return byteString(value)
  throw new FlistError('corrupt', `${name}: has a name or link target that is no text; make or fetch the flist again`)
}

function bytesOf(value: SQLOutputValue | undefined, length: number, name: string): Uint8Array {
  if (value instanceof Uint8Array && value.length === length) return value
  throw new FlistError('corrupt', `${name}: has a block whose id or key is not ${length} bytes; make the flist again`)
}
