import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inDirectory } from '../../test/raw-flist.ts'
import { anyTreeOf, bytes, directory, file, special, symlink } from '../../test/trees.ts'
import { FL_CHUNKS } from '../codec/chunk-format.ts'
import { checkFlist } from '../read/check-flist.ts'
import { openFlist } from '../read/open-flist.ts'
import type { ChunkList, DirectoryNode } from '../tree.ts'
import { hashTree } from '../tree-hash.ts'
import { type FlDetails, writeFl } from './write-fl.ts'

const ROUTES = [{ start: 0, end: 255, url: 'dir:///srv/chunks' }]
const DETAILS: FlDetails = { routes: ROUTES }

/** Writes a tree and gives what `read` makes of the file. */
function roundTrip<T>(
  tree: DirectoryNode<ChunkList>,
  read: (file: string) => Promise<T>,
  details = DETAILS,
): Promise<T> {
  return inDirectory(async (target) => {
    const path = join(target, 'a.fl')
    await writeFl(tree, details, path)
    return read(path)
  })
}

const readTree = async (path: string) => {
  using flist = await openFlist(path)
  return flist.readTree()
}

/** Rows as SQLite gives them to anyone. */
const query = (sql: string) => async (path: string) => {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database.prepare(sql).all()
  database.close()
  return rows.map((row) => ({ ...row }))
}

const chunks = (count: number) => new Uint8Array(64 * count).map((_, index) => index | 1)

describe('writing and reading', () => {
  test('gives any tree back, sound and with the same hash', async () => {
    await fc.assert(
      fc.asyncProperty(anyTreeOf(FL_CHUNKS), async (tree) => {
        await inDirectory(async (target) => {
          const summary = await writeFl(tree, DETAILS, join(target, 'a.fl'))
          using flist = await openFlist(join(target, 'a.fl'))
          expect(flist.readTree()).toEqual(tree)
          expect(summary.treeHash).toBe(hashTree(tree, { format: FL_CHUNKS }))
          const { flistBytes: _bytes, ...counts } = summary
          expect(await checkFlist(flist)).toMatchObject({ problems: [], summary: counts })
        })
      }),
      { numRuns: 60 },
    )
  })

  test('gives the same bytes for the same tree, whatever the order of its children', async () => {
    await fc.assert(
      fc.asyncProperty(anyTreeOf(FL_CHUNKS), async (tree) => {
        const reversed = { ...tree, children: new Map([...tree.children].reverse()) }
        expect(await roundTrip(reversed, (path) => readFile(path))).toEqual(
          await roundTrip(tree, (path) => readFile(path)),
        )
      }),
      { numRuns: 20 },
    )
  })

  test('keeps times before 1970 and after 2106', async () => {
    const tree = directory({
      old: file(0, undefined, { mtime: -1 }),
      far: file(0, undefined, { mtime: 2 ** 40 }),
    })
    expect(await roundTrip(tree, readTree)).toEqual(tree)
  })

  test('keeps metadata as tags, and routes', async () => {
    const metadata = { entrypoint: ['/bin/sh', '-c', 'x'], environ: { A: 'é' }, note: 'free text' }
    const routes = [
      { start: 0, end: 0x80, url: 'zdb://one:9900/default' },
      { start: 0x81, end: 0xff, url: 'dir:///srv/chunks' },
    ]
    const read = async (path: string) => {
      using flist = await openFlist(path)
      const { database } = flist
      return { metadata: flist.metadata, routes: database.format === 'fl' ? database.routes() : [] }
    }
    expect(await roundTrip(directory(), read, { metadata, routes })).toEqual({ metadata, routes })
  })
})

describe('rows are as rfs has them', () => {
  const tree = directory(
    {
      dir: directory({ b: file(524289, chunks(2)), a: file(0) }, { mode: 0o1777, uid: 5, gid: 60 }),
      link: symlink('/bin/sh'),
      null: special('character', 1, 3),
      sda: special('block', 259, 0x12345),
      pipe: special('fifo'),
      sock: special('socket'),
    },
    { mtime: 77 },
  )

  test('inodes: the root is 1, without a parent, called "/"; modes have their type bits', async () => {
    const rows = await roundTrip(tree, query('SELECT ino, parent, name, size, uid, gid, mode, rdev, mtime FROM inode'))
    expect(rows.map((row) => Object.values(row))).toEqual([
      [1, 0, '/', 4096, 0, 0, 0o040755, 0, 77],
      [2, 1, 'dir', 4096, 5, 60, 0o041777, 0, 1_500_000_000],
      [3, 2, 'a', 0, 0, 0, 0o100644, 0, 1_500_000_000],
      [4, 2, 'b', 524289, 0, 0, 0o100644, 0, 1_500_000_000],
      [5, 1, 'link', 7, 0, 0, 0o120777, 0, 1_500_000_000],
      [6, 1, 'null', 0, 0, 0, 0o020600, 0x103, 1_500_000_000],
      [7, 1, 'pipe', 0, 0, 0, 0o010600, 0, 1_500_000_000],
      [8, 1, 'sda', 0, 0, 0, 0o060600, 0x12310345, 1_500_000_000],
      [9, 1, 'sock', 0, 0, 0, 0o140600, 0, 1_500_000_000],
    ])
    expect(await roundTrip(tree, query('SELECT ino FROM inode WHERE ctime <> mtime'))).toEqual([])
  })

  test('link targets are blobs, blocks stand in the order of the file', async () => {
    expect(
      await roundTrip(tree, query('SELECT ino, typeof(data) AS type, CAST(data AS TEXT) AS data FROM extra')),
    ).toEqual([{ ino: 5, type: 'blob', data: '/bin/sh' }])
    const content = Buffer.from(chunks(2)).toString('hex').toUpperCase()
    expect(await roundTrip(tree, query('SELECT ino, hex(id) AS id, hex(key) AS key FROM block WHERE ino = 4'))).toEqual(
      [
        { ino: 4, id: content.slice(0, 64), key: content.slice(64, 128) },
        { ino: 4, id: content.slice(128, 192), key: content.slice(192) },
      ],
    )
  })

  test('names are text, those that are not UTF-8 too', async () => {
    const odd = {
      ...directory(),
      children: new Map([
        ['\xff', file()],
        [bytes('é'), file()],
      ]),
    }
    const names = await roundTrip(odd, query('SELECT typeof(name) AS type, hex(name) AS hex FROM inode WHERE ino > 1'))
    expect(names).toEqual([
      { type: 'text', hex: 'C3A9' },
      { type: 'text', hex: 'FF' },
    ])
  })
})

describe('what no .fl can hold is refused before anything is written:', () => {
  const route = (url: string, start = 0, end = 255) => ({ routes: [{ start, end, url }] })
  test.each<[string, FlDetails, string]>([
    ['no routes', { routes: [] }, 'no route for ids that begin with 00'],
    ['a gap', route('dir:///a', 0, 0x7f), 'no route for ids that begin with 80'],
    ['no address', route('/srv'), '"/srv" is no address; use dir:///path or zdb://host:port/namespace'],
    ['a password', route('zdb://:secret@h:9900/n'), 'the route to "h:9900" carries a password'],
    ['no range', { routes: [...ROUTES, { start: 9, end: 8, url: 'dir:///a' }] }, '9 to 8 is no range of bytes'],
    ['a backend', { routes: ROUTES, metadata: { backend: { host: 'h' } } }, 'give it as a route'],
  ])('%s', async (_what, details, message) => {
    const written = writeFl(directory(), details, '/nowhere/a.fl')
    await expect(written).rejects.toMatchObject({ code: 'invalid' })
    await expect(written).rejects.toThrow(message)
    await expect(written).rejects.not.toThrow('secret')
  })

  test('chunks of the other format', async () => {
    const tree = directory({ a: file(1, new Uint8Array(32).fill(1)) })
    await expect(writeFl(tree, DETAILS, '/nowhere/a.fl')).rejects.toThrow('"/a" has 1 bytes and 0.5 chunks')
  })
})

test('a file that is called off leaves what was there', async () => {
  await inDirectory(async (target) => {
    const output = join(target, 'a.fl')
    await writeFile(output, 'old')
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(writeFl(directory(), DETAILS, output, { signal })).rejects.toThrow('enough')
    expect([await readdir(target), await readFile(output, 'utf8')]).toEqual([['a.fl'], 'old'])
  })
})

test('the header tells neither the SQLite that wrote it nor how often', async () => {
  const header = await roundTrip(directory({ a: file() }), (path) => readFile(path))
  expect([24, 92, 96].map((at) => header.readUInt32BE(at))).toEqual([1, 1, 3_040_001])
})
