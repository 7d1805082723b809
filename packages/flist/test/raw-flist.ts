import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { unpackDatabase } from '../src/format/archive-reader.ts'
import type { FlistDatabase } from '../src/format/database-reader.ts'
import { createDatabase, type DatabaseSink } from '../src/format/database-writer.ts'
import { encodeTarHeader } from '../src/format/tar-header.ts'
import type { Flist } from '../src/read/open-flist.ts'

/** The tables of a flist. */
export const SCHEMA = `
  CREATE TABLE entries (key VARCHAR(64) PRIMARY KEY, value BLOB);
  CREATE TABLE metadata (key VARCHAR(64) PRIMARY KEY, value TEXT);`

/** Runs an action with a directory of its own. */
export async function inDirectory<T>(action: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'flist-test-'))
  try {
    return await action(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** A row of a flist's database as it is given to the writer. */
export type Row<T> = readonly [key: string, value: T]

/** What takes the pages of a database as they are. */
export function collecting(pieces: Uint8Array[]): DatabaseSink {
  return {
    add: (piece) => void pieces.push(piece),
    endPart: () => ({ bytes: 0, checksum: 0, pieces: [] }),
    addPart: () => {
      throw new Error('nothing is packed here')
    },
  }
}

/** The bytes of a database with these rows. */
export function encodeDatabase(entries: Iterable<Row<Uint8Array>>, metadata: Iterable<Row<string>> = []): Buffer {
  const pieces: Buffer[] = []
  const writer = createDatabase(collecting(pieces))
  for (const [key, record] of entries) writer.addEntry(key, record)
  for (const [key, text] of metadata) writer.addMetadata(key, text)
  return Buffer.concat([writer.finish(), ...pieces])
}

/** Opens the bytes of a database with SQLite. */
export function inSqlite<T>(bytes: Uint8Array, use: (database: DatabaseSync) => T): Promise<T> {
  return inDirectory(async (directory) => {
    const file = join(directory, 'database')
    await writeFile(file, bytes)
    const database = new DatabaseSync(file, { readOnly: true })
    try {
      return use(database)
    } finally {
      database.close()
    }
  })
}

/** The records of a 0-flist. */
export function recordsOf({ database }: Flist): FlistDatabase {
  if (database.format !== 'flist') throw new Error('a .fl has no such records')
  return database
}

/** The database file of a flist. */
export function readDatabase(flist: string): Promise<Buffer> {
  return inDirectory(async (directory) => {
    const file = join(directory, 'database')
    await unpackDatabase(flist, file, 2 ** 30)
    return readFile(file)
  })
}

/** The rows of a flist's table of records as they are. */
export function readRows(flist: string): Promise<Map<string, Uint8Array>> {
  return inDirectory(async (directory) => {
    const file = join(directory, 'database')
    await unpackDatabase(flist, file, 2 ** 30)
    const database = new DatabaseSync(file, { readOnly: true })
    const rows = database.prepare('SELECT key, value FROM entries').all()
    database.close()
    return new Map(rows.map(({ key, value }) => [String(key), value instanceof Uint8Array ? value : new Uint8Array()]))
  })
}

/** Packs bytes as the database of a flist, in a plain tar. */
export function packPlain(database: Uint8Array, name = './flistdb.sqlite3'): Buffer {
  const padding = Buffer.alloc((512 - (database.length % 512)) % 512)
  return Buffer.concat([encodeTarHeader(name, database.length), database, padding, Buffer.alloc(1024)])
}

/** Writes a flist with any rows and any SQL, which no writer would make. */
export async function writeRawFlist(
  file: string,
  rows: Iterable<readonly [key: string, value: Uint8Array | string | null]>,
  sql: string = SCHEMA,
): Promise<string> {
  await inDirectory(async (directory) => {
    const database = new DatabaseSync(join(directory, 'database'))
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF')
    database.exec(sql)
    const insert = database.prepare('INSERT INTO entries (key, value) VALUES (?, ?)')
    for (const [key, value] of rows) insert.run(key, value)
    database.close()
    await writeFile(file, packPlain(await readFile(join(directory, 'database'))))
  })
  return file
}
