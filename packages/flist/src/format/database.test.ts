import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { inDirectory, SCHEMA } from '../../test/raw-flist.ts'
import { type FlistDatabase, openDatabase } from './database-reader.ts'

/** Makes a database with any SQL, changes its bytes and opens it. */
function openWith<T>(
  sql: string,
  use: (database: FlistDatabase) => T,
  change: (file: Buffer) => Buffer = (file) => file,
): Promise<T> {
  return inDirectory(async (directory) => {
    const file = join(directory, 'db')
    const raw = new DatabaseSync(file)
    raw.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF')
    raw.exec(sql)
    raw.close()
    await writeFile(file, change(await readFile(file)))
    const database = await openDatabase(file, 'a.flist')
    try {
      return use(database)
    } finally {
      database.close()
    }
  })
}

describe('databases of other writers', () => {
  test.each([
    ['without metadata', 'CREATE TABLE entries (key VARCHAR(64) PRIMARY KEY, value BLOB)'],
    ['with an index', `${SCHEMA} CREATE INDEX entries_index ON entries (key)`],
    [
      'with quotes and other types',
      'CREATE TABLE "entries" (key TEXT PRIMARY KEY, value BLOB); CREATE TABLE metadata (key VARCHAR(255) PRIMARY KEY, value TEXT)',
    ],
  ])('%s are read', async (_what, sql) => {
    expect(await openWith(`${sql}; INSERT INTO entries VALUES ('a', 'b')`, (database) => [...database.keys()])).toEqual(
      ['a'],
    )
  })
})

describe('hostile databases', () => {
  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS key, i AS value FROM n'
  test.each([
    ['a view for the entries', `CREATE VIEW entries AS ${endless}`],
    [
      'a view for the metadata',
      `CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB); CREATE VIEW metadata AS ${endless}`,
    ],
    ['a generated column', 'CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB AS (zeroblob(999999999)))'],
    ['an index over an expression', `${SCHEMA} CREATE INDEX i ON entries (hex(value))`],
    ['a trigger', `${SCHEMA} CREATE TRIGGER t AFTER INSERT ON entries BEGIN SELECT 1; END`],
    ['a virtual table', 'CREATE VIRTUAL TABLE entries USING fts5(key, value)'],
    ['many tables', Array.from({ length: 20 }, (_, index) => `CREATE TABLE t${index} (key)`).join(';')],
  ])('with %s are corrupt', async (_what, sql) => {
    await expect(openWith(sql, () => {})).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('with a schema that is a tree of pages are corrupt before SQLite reads it', async () => {
    const change = (file: Buffer) => Buffer.concat([file.subarray(0, 100), Buffer.from([5]), file.subarray(101)])
    await expect(openWith(SCHEMA, () => {}, change)).rejects.toMatchObject({
      code: 'corrupt',
      message: 'a.flist: has a database with an odd schema; make or fetch the flist again',
    })
  })

  test('with one page in two places are corrupt', async () => {
    const rows = Array.from(
      { length: 200 },
      (_, index) => `INSERT INTO metadata VALUES ('${index}', '${'x'.repeat(900)}')`,
    )
    const share = (file: Buffer) => {
      const page = file.subarray(findPage(file, 5))
      page.writeUInt32BE(page.readUInt32BE(page.readUInt16BE(14)), page.readUInt16BE(12))
      return file
    }
    await expect(openWith(`${SCHEMA} BEGIN; ${rows.join(';')}; COMMIT`, () => {}, share)).rejects.toMatchObject({
      code: 'corrupt',
    })
  })

  test.each([
    ['text for a record', "INSERT INTO entries VALUES ('k', 'x')"],
    ['an empty record', "INSERT INTO entries VALUES ('k', x'')"],
    ['null for a record', "INSERT INTO entries VALUES ('k', NULL)"],
  ])('with %s say what zflist does', async (_what, sql) => {
    await expect(openWith(`${SCHEMA} ${sql}`, (database) => database.directory('k'))).rejects.toThrow(
      'a.flist: has an empty directory record "k"; zflist leaves such a record for a directory over 4 MiB',
    )
  })

  test('with too much metadata are refused', async () => {
    const sql = `${SCHEMA} INSERT INTO metadata VALUES ('readme', printf('%.*c', 5000000, 'x'))`
    await expect(openWith(sql, (database) => database.metadataRows())).rejects.toMatchObject({ code: 'too-large' })
  })

  test('with metadata that is no text are corrupt', async () => {
    const sql = `${SCHEMA} INSERT INTO metadata VALUES ('readme', x'00')`
    await expect(openWith(sql, (database) => database.metadataRows())).rejects.toMatchObject({ code: 'corrupt' })
  })
})

test('a database without entries is no flist', async () => {
  await expect(openWith('CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT)', () => {})).rejects.toMatchObject({
    code: 'not-a-flist',
  })
})

/** The first page of a type, as an offset into the file. */
function findPage(file: Buffer, type: number): number {
  for (let at = 4096; at < file.length; at += 4096) if (file.readUInt8(at) === type) return at
  throw new Error(`the database has no page of the type ${type}`)
}
