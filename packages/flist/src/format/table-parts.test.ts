import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { collecting, inSqlite, type Row } from '../../test/raw-flist.ts'
import { createDatabase } from './database-writer.ts'
import { PAGE_BYTES } from './page-stream.ts'
import { isSoundPart, type PackedRows } from './table-parts.ts'

/** As many keys as directories may have, in no order. */
const keyOf = (index: number) => createHash('md5').update(`${index}`).digest('hex')
const rowsFrom = (first: number, count: number): Row<Buffer>[] =>
  Array.from({ length: count }, (_, i) => [keyOf(first + i), Buffer.alloc(900 + (i % 7) * 900, first + i)])

/** A part with its keys and its pages. */
type Part = PackedRows & { readonly keys: readonly string[]; readonly bytes: Uint8Array }

/** The bytes of a database, the parts it has, and how many of them are those that were `known`. */
function write(rows: readonly Row<Uint8Array>[], known: readonly Part[] = []) {
  const pieces: Uint8Array[] = []
  const parts: Part[] = []
  let ended = 0
  const database = createDatabase({
    ...collecting(pieces),
    endPart: () => ({ ...collecting([]).endPart(), bytes: Buffer.concat(pieces.slice(ended)).length }),
    addPart: (packed) => void pieces.push(known.find((part) => part.packed === packed)?.bytes ?? Buffer.alloc(0)),
  })
  const fits = (part: Part, i: number) => {
    const place = database.place()
    const isAtPlace = place?.pages === part.place.pages && place.rowid === part.place.rowid
    return isAtPlace && part.keys.every((key, at) => rows[i + at]?.[0] === key)
  }
  for (let i = 0, begin = 0; i < rows.length; ) {
    if (database.place()) [begin, ended] = [i, pieces.length]
    const same = known.find((part) => fits(part, i))
    const [key, record] = rows[i] as Row<Uint8Array>
    const keysFrom = (end: number) => rows.slice(begin, end).map(([key]) => key)
    if (same) {
      database.adopt(keysFrom(i + same.rows), same)
      parts.push(same)
      i += same.rows
    } else {
      const part = database.addEntry(key, record)
      i++
      if (part) parts.push({ ...part, keys: keysFrom(i), bytes: Buffer.concat(pieces.slice(ended)) })
    }
  }
  database.addMetadata('readme', '{}')
  const first = database.finish()
  return {
    bytes: Buffer.concat([first, ...pieces]),
    parts,
    adopted: parts.filter((part) => known.includes(part)).length,
  }
}

const inspect = (bytes: Buffer) =>
  inSqlite(bytes, (database) => {
    const one = (sql: string) => Object.values(database.prepare(sql).get() ?? {})[0]
    return {
      integrity: one('PRAGMA integrity_check'),
      free: one('PRAGMA freelist_count'),
      rows: one('SELECT count(*) FROM entries'),
      keys: database
        .prepare('SELECT key FROM entries ORDER BY rowid')
        .all()
        .map(({ key }) => key),
    }
  })

describe('a table of many rows', () => {
  const rows = rowsFrom(0, 6000)
  const { bytes, parts } = write(rows)

  test('is cut in parts of whole multiples of 16 pages, 64 at least, with 4096 rowids each', async () => {
    expect(parts.length).toBeGreaterThan(5)
    for (const [i, { place, pages, rows, leaves }] of parts.entries()) {
      expect(pages % 16).toBe(0)
      expect(pages).toBeGreaterThanOrEqual(64)
      expect(place.rowid).toBe(1 + 4096 * i)
      expect(place.pages).toBe(parts.slice(0, i).reduce((sum, part) => sum + part.pages, 1))
      expect(leaves.at(-1)?.last).toBe(place.rowid + rows - 1)
    }
  })

  test('SQLite finds all rows, and knows the free pages', async () => {
    const free = parts.reduce((sum, part) => sum + part.free.length, 0)
    const found = await inspect(bytes)
    expect(found).toEqual({ integrity: 'ok', free: free + 1, rows: 6000, keys: rows.map(([key]) => key) })
    for (const page of parts.flatMap(({ free }) => free)) {
      expect(bytes.subarray((page - 1) * PAGE_BYTES, page * PAGE_BYTES).every((byte) => byte === 0)).toBe(true)
    }
  })

  test('of parts that were made before has the bytes it has without', () => {
    const again = write(rows, parts)
    expect(again.adopted).toBe(parts.length)
    expect(again.bytes.equals(bytes)).toBe(true)
  })

  test('has sound parts, and one that can not be is known', () => {
    expect(parts.every(isSoundPart)).toBe(true)
    const [first, second] = parts as [Part, Part]
    for (const other of [
      { rows: first.rows + 1 },
      { rows: 0, leaves: [] },
      { rows: 2 ** 53 - 2 },
      { pages: first.pages + 1 },
      { pages: 2 ** 53 - 2 },
      { place: second.place },
      { leaves: second.leaves },
      { leaves: first.leaves.slice(1).reverse() },
      { leaves: [] },
      { free: [first.place.pages] },
      { free: [first.place.pages + first.pages + 1] },
      { packed: { ...first.packed, bytes: 0 } },
    ]) {
      expect(isSoundPart({ ...first, ...other }), JSON.stringify(Object.keys(other))).toBe(false)
    }
  })

  test('with a row more has mostly the same parts', async () => {
    const changed = [...rows.slice(0, 100), ...rowsFrom(10_000, 1), ...rows.slice(100)]
    const whole = write(changed)
    const again = write(changed, parts)
    expect(again.adopted).toBeGreaterThan(parts.length / 2)
    expect(again.bytes.equals(whole.bytes)).toBe(true)
    expect(await inspect(again.bytes)).toMatchObject({ integrity: 'ok', rows: 6001 })
  })
})

test('rows whose keys end no part begin another one when their rowids are used up', async () => {
  const rows = rowsFrom(0, 9000).map(([key], i): Row<Buffer> => [`${key}f`, Buffer.alloc(8, i)])
  const { bytes, parts } = write(rows)
  expect(parts.map(({ rows, place }) => [rows, place.rowid])).toEqual([
    [4096, 1],
    [4096, 4097],
  ])
  expect(await inspect(bytes)).toMatchObject({ integrity: 'ok', rows: 9000 })
})

test('many free pages are listed on several', async () => {
  // A part of 64 pages and one more has 15 free ones.
  const rows = Array.from({ length: 90 }, (_, i): Row<Buffer> => [`${i}00`, Buffer.alloc(64 * 4092 + 200, i)])
  const { bytes, parts } = write(rows)
  expect(parts.length).toBe(90)
  const { integrity, free } = await inspect(bytes)
  expect(integrity).toBe('ok')
  const pages = parts.reduce((sum, part) => sum + part.free.length, 0)
  expect(pages).toBeGreaterThan(1016)
  expect(free).toBe(pages + Math.ceil(pages / 1016))
})

test('a table with fewer pages has no parts, and no free pages', async () => {
  const { bytes, parts } = write(rowsFrom(0, 60))
  expect(parts.length).toBe(0)
  expect(await inspect(bytes)).toMatchObject({ integrity: 'ok', free: 0 })
})
