import { createCipheriv } from 'node:crypto'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collecting, encodeDatabase, inDirectory, inSqlite, type Row, SCHEMA } from '../../test/raw-flist.ts'
import { createAcl, encodeAcl } from './acl.ts'
import { checkHeader } from './database-header.ts'
import { createDatabase } from './database-writer.ts'
import { PAGE_BYTES } from './page-stream.ts'

const ACL = encodeAcl(createAcl({ mode: 0o755, uid: 0, gid: 0 }))

/** Bytes that do not repeat. */
function noise(length: number, seed = 1): Buffer {
  return createCipheriv('aes-128-ctr', `${seed}`.padStart(16), Buffer.alloc(16)).update(Buffer.alloc(length))
}

/** A key like those of directories, another one for each number and in no order. */
function keyOf(index: number): string {
  return noise(16, index).toString('hex')
}

/** Has SQLite check a database, find every row by its key and give all of them back. */
async function expectRows(entries: readonly Row<Uint8Array>[], metadata: readonly Row<string>[] = []): Promise<Buffer> {
  const bytes = encodeDatabase(entries, metadata)
  expect(() => checkHeader(bytes, 'a.flist')).not.toThrow()
  await inSqlite(bytes, (database) => {
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    for (const [table, rows] of Object.entries({ entries, metadata })) {
      const find = database.prepare(`SELECT rowid FROM ${table} WHERE key = ?`)
      let index = 0
      for (const row of database.prepare(`SELECT rowid, key, value FROM ${table} ORDER BY rowid`).iterate()) {
        if (index === 0) expect(row.rowid).toBe(1)
        const [key, value] = rows[index++] ?? []
        if (row.key !== key || !isSame(row.value, value)) throw new Error(`${table} ${index} differs`)
        if (find.get(key ?? null)?.rowid !== row.rowid) throw new Error(`${table} ${index} is not found by its key`)
      }
      expect(index).toBe(rows.length)
    }
  })
  return bytes
}

function isSame(a: unknown, b: unknown): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : a === b
}

/** Levels of a b-tree, counted along its right edge. */
function depthOf(bytes: Buffer, root: number): number {
  const page = bytes.subarray((root - 1) * PAGE_BYTES, root * PAGE_BYTES)
  return page.readUInt8(0) < 8 ? 1 + depthOf(bytes, page.readUInt32BE(8)) : 1
}

/** Levels of the table of entries and of its index. */
function depths(bytes: Buffer): Promise<unknown[]> {
  return inSqlite(bytes, (database) => {
    const roots = database.prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'entries'").all()
    return roots.map(({ rootpage }) => depthOf(bytes, Number(rootpage)))
  })
}

describe('a database that was written', () => {
  const rows = Array.from({ length: 500 }, (_, index): Row<Buffer> => [keyOf(index), noise(300, index)])
  const write = () => encodeDatabase([['d7683de000c13689', ACL], ...rows], [['readme', '{}']])

  test('has the header of the reference’s, with fixed counters and version', () => {
    const header = write().subarray(0, 100)
    expect(header.toString('latin1', 0, 16)).toBe('SQLite format 3\0')
    const fields = {
      pageSize: header.readUInt16BE(16),
      journal: header.readUInt16BE(18),
      encoding: header.readUInt32BE(56),
      pages: header.readUInt32BE(28),
    }
    expect(fields).toEqual({ pageSize: 4096, journal: 0x0101, encoding: 1, pages: write().length / PAGE_BYTES })
    expect([24, 92, 96, 60].map((at) => header.readUInt32BE(at))).toEqual([1, 1, 3040001, 0])
  })

  test('has the schema of libflist, as SQLite itself would have written it', async () => {
    const schema = await inSqlite(write(), (database) => database.prepare('SELECT * FROM sqlite_schema').all())
    expect(schema.map(({ type, name, tbl_name }) => [type, name, tbl_name])).toEqual([
      ['table', 'entries', 'entries'],
      ['index', 'sqlite_autoindex_entries_1', 'entries'],
      ['table', 'metadata', 'metadata'],
      ['index', 'sqlite_autoindex_metadata_1', 'metadata'],
    ])
    expect(schema.flatMap(({ sql }) => sql ?? [])).toEqual(SCHEMA.trim().split(/;\s*/).slice(0, 2))
  })

  test('finds keys by the index', async () => {
    const plan = await inSqlite(write(), (database) =>
      database.prepare('EXPLAIN QUERY PLAN SELECT value FROM entries WHERE key = ?').get('a'),
    )
    expect(plan?.detail).toBe('SEARCH entries USING INDEX sqlite_autoindex_entries_1 (key=?)')
  })

  test('has the same bytes the next time', () => {
    expect(write().equals(write())).toBe(true)
  })

  test('has no more pages than SQLite would need, but for 2 %', async () => {
    const vacuumed = await inDirectory(async (directory) => {
      await writeFile(join(directory, 'db'), write())
      const database = new DatabaseSync(join(directory, 'db'))
      database.prepare('VACUUM INTO ?').run(join(directory, 'vacuumed'))
      database.close()
      return stat(join(directory, 'vacuumed'))
    })
    expect(write().length / vacuumed.size).toBeLessThan(1.02)
  })
})

describe('SQLite finds every row where it belongs', () => {
  test('whatever the number of rows', async () => {
    for (const count of [0, 1, 2, 3, 10, 100, 333]) {
      await expectRows(Array.from({ length: count }, (_, index) => [keyOf(index), noise(count, index)]))
    }
  })

  // Four keys on a page: every way a level of the index can end comes up.
  test('whatever number of keys is left for the last page', async () => {
    for (let count = 0; count <= 45; count++) {
      await expectRows(Array.from({ length: count }, (_, index) => [keyOf(index).repeat(30), ACL]))
    }
  })

  test('of 100,000 small rows, in trees of three levels', async () => {
    const rows = Array.from({ length: 100_000 }, (_, index): Row<Buffer> => [keyOf(index), Buffer.alloc(8, index)])
    expect(await depths(await expectRows(rows))).toEqual([3, 3])
  })

  test('in an index of many levels', async () => {
    const rows = Array.from({ length: 2000 }, (_, index): Row<Buffer> => [keyOf(index).repeat(30), ACL])
    expect(await depths(await expectRows(rows))).toEqual([3, 5])
  })

  // Up to 4061 bytes a record is whole in its leaf; from there on 489 to 4061 are, so that overflow pages are full.
  test('records around every size at which one begins or ends to overflow', async () => {
    const bounds = [0, 489, 4061, 4581, 8153, 8673, 12245, 12765, 4092 * 128, 4092 * 129]
    const sizes = bounds.flatMap((bound) => Array.from({ length: 61 }, (_, i) => Math.max(bound + i - 50, 0)))
    await expectRows(sizes.map((size, index) => [keyOf(index), noise(size, index)]))
  })

  // An index keeps 1002 bytes in a cell, else 489 to 1002.
  test('keys around every size at which one begins or ends to overflow', async () => {
    const bounds = [1, 489, 1002, 4581, 5094, 8673, 9186]
    const sizes = bounds.flatMap((bound) => Array.from({ length: 21 }, (_, i) => Math.max(bound + i - 14, 0)))
    await expectRows(sizes.map((size, index) => [`${index} ${'k'.repeat(size)}`, ACL]))
  })

  test('a record of 5 MB between small ones', async () => {
    await expectRows([
      ['a', ACL],
      ['b', noise(5_000_000)],
      ['c', ACL],
    ])
  })

  test('any rows', async () => {
    const rows = fc.uniqueArray(
      fc.tuple(
        fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ minLength: 900, maxLength: 1500 })),
        fc
          .oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 20_000 }))
          .map((size) => noise(size, size)),
      ),
      { selector: ([key]) => key, maxLength: 60 },
    )
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.repeat(700)),
    )
    const metadata = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), text), { selector: ([key]) => key })
    await fc.assert(
      fc.asyncProperty(rows, metadata, async (rows, metadata) => {
        const written = await expectRows(rows, metadata)
        expect(encodeDatabase(rows, metadata).equals(written)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('keys in the order of their bytes, which is not that of their chars', async () => {
    const keys = ['\u{1f600}', '\uffff', 'é', 'z', 'Z', '', 'z\0', '日']
    await expectRows(keys.map((key): Row<Uint8Array> => [key, ACL]))
    const bytes = encodeDatabase(keys.map((key): Row<Uint8Array> => [key, ACL]))
    const sorted = await inSqlite(bytes, (database) => database.prepare('SELECT key FROM entries ORDER BY key').all())
    expect(sorted.map(({ key }) => key)).toEqual(['', 'Z', 'z', 'z\0', 'é', '日', '\uffff', '\u{1f600}'])
  })
})

test('pages are handed on while rows are added', () => {
  const pieces: Buffer[] = []
  const writer = createDatabase(collecting(pieces))
  for (let index = 0; index < 1000; index++) writer.addEntry(keyOf(index), noise(3000, index))
  expect(pieces.length).toBeGreaterThan(5)
  const early = Buffer.concat(pieces)
  writer.finish()
  expect(Buffer.concat(pieces).subarray(0, early.length).equals(early)).toBe(true)
})

test.each([
  ['entries', [['a'], ['b'], ['a']], []],
  ['metadata', [], [['k'], ['k']]],
  // No UTF-8 has either: both are stored as U+FFFD.
  ['metadata', [], [['\ud800'], ['\udfff']]],
] as const)('two %s with one key are refused', (table, entries, metadata) => {
  const write = () =>
    encodeDatabase(
      entries.map(([key]): Row<Uint8Array> => [key, ACL]),
      metadata.map(([key]): Row<string> => [key, '']),
    )
  expect(write).toThrow(expect.objectContaining({ code: 'invalid' }))
  expect(write).toThrow(new RegExp(`^flist database: has two ${table} with the key "`))
})
