import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createChunkMemory } from '../test/chunk-memory.ts'
import { createRandom, mutate } from '../test/mutations.ts'
import { rawFl, withFl } from '../test/raw-fl.ts'
import { inDirectory } from '../test/raw-flist.ts'
import { directory, file, symlink } from '../test/trees.ts'
import { FL_CHUNKS } from './codec/chunk-format.ts'
import { FlistError } from './errors.ts'
import { checkFlist } from './read/check-flist.ts'
import { extractFlist } from './read/extract-flist.ts'
import { openFlist } from './read/open-flist.ts'

/** Milliseconds one mutant may take on a busy machine; an idle one needs tens. */
const PATIENCE = 10_000

const store = createChunkMemory(FL_CHUNKS)
// Inodes: 1 /, 2 a, 3 b, 4 b/c, 5 b/link.
const TREE = directory({
  a: store.store('content'),
  b: directory({ c: store.store(Buffer.alloc(524_290, 'y')), link: symlink('c') }),
})

/** Everything that reads, on a `.fl` changed by SQL. */
async function problemsOf(sql: string): Promise<string[]> {
  return withFl(await rawFl(TREE, sql), async (path) => {
    using flist = await openFlist(path)
    const { problems, ok } = await checkFlist(flist, store, { contents: true })
    expect(ok).toBe(problems.length === 0)
    return problems.map(({ code, message }) => `${code}: ${message.replaceAll(path, 'a.fl')}`)
  })
}

/** What stops reading the whole tree. */
async function readError(sql: string): Promise<unknown> {
  return withFl(await rawFl(TREE, sql), async (path) => {
    try {
      using flist = await openFlist(path)
      flist.readTree()
      return undefined
    } catch (error) {
      return error
    }
  })
}

describe('a .fl that was changed', () => {
  test('by nothing is sound', async () => {
    expect(await problemsOf('')).toEqual([])
  })

  test.each([
    [
      'an inode nothing leads to',
      'UPDATE inode SET parent = 99 WHERE ino = 4',
      'record: no path leads to 1 of the inodes',
    ],
    [
      'a circle of directories',
      'UPDATE inode SET parent = 3 WHERE ino = 3',
      'record: no path leads to 3 of the inodes',
    ],
    ['a name twice', "UPDATE inode SET name = 'link' WHERE ino = 4", 'name: "/b/link" is there twice'],
    [
      'a name that leads elsewhere',
      "UPDATE inode SET name = '..' WHERE ino = 2",
      'name: "/.." is a name that leads elsewhere',
    ],
    [
      'no kind of file',
      'UPDATE inode SET mode = 420 WHERE ino = 2',
      'entry: "/a" has the mode 0644, which is no kind of file',
    ],
    [
      'a wrong size',
      'UPDATE inode SET size = 524289 WHERE ino = 2',
      'entry: "/a" has 524289 bytes, which is 2 chunks, and 1 chunks',
    ],
    ['a size that its chunk has not', 'UPDATE inode SET size = 6 WHERE ino = 2', 'has 7 bytes, its file needs 6'],
    [
      'a missing block',
      'DELETE FROM block WHERE ino = 4 AND rowid = 2',
      'entry: "/b/c" has 524290 bytes, which is 2 chunks, and 1 chunks',
    ],
    ['blocks in another order', 'UPDATE block SET rowid = rowid + 10 WHERE rowid = 2', 'chunk: "/b/c": chunk'],
    [
      'a block of no file',
      'INSERT INTO block VALUES (9, zeroblob(32), zeroblob(32))',
      'record: 1 chunks belong to no file',
    ],
    [
      'a short id',
      'UPDATE block SET id = zeroblob(16) WHERE ino = 2',
      'record: "/a": a.fl: has a block whose id or key is not 32 bytes',
    ],
    [
      'a text for a key',
      "UPDATE block SET key = 'k' WHERE ino = 2",
      'record: "/a": a.fl: has a block whose id or key is not 32 bytes',
    ],
    ['a link without target', 'DELETE FROM extra', 'entry: "/b/link" has a link target that is empty or no path'],
    ['a target for a file', "INSERT INTO extra VALUES (2, x'61')", 'entry: "/a" has a link target and is no link'],
    ['a target of nothing', "INSERT INTO extra VALUES (99, x'61')", 'record: 1 link targets belong to no link'],
    [
      'a wrong link size',
      'UPDATE inode SET size = 9 WHERE ino = 5',
      'entry: "/b/link" has the size 9 and a link target of 1 bytes',
    ],
    ['an owner out of range', 'UPDATE inode SET uid = -1 WHERE ino = 2', 'record: a.fl: has the "uid" -1'],
    [
      'a text for a time',
      "UPDATE inode SET mtime = 'now' WHERE ino = 2",
      'record: a.fl: has a "mtime" that is no whole number',
    ],
    [
      'no name',
      'UPDATE inode SET name = NULL WHERE ino = 2',
      'record: a.fl: has a name or link target that is no text',
    ],
    ['no routes', 'DELETE FROM route', 'record: no route leads to chunks whose id begins with byte 0'],
    ['a route that is none', "UPDATE route SET url = 'x'", 'record: "x" is no address'],
    ['a range that is none', 'UPDATE route SET end = 256', 'record: a.fl: has the "end" 256'],
    [
      'metadata that is none',
      "INSERT INTO tag VALUES ('entrypoint', '{}')",
      'metadata: a.fl: metadata "entrypoint" must be a list of texts',
    ],
  ])('to have %s is told', async (_what, sql, problem) => {
    expect(await problemsOf(sql)).toEqual(expect.arrayContaining([expect.stringContaining(problem)]))
  })

  test.each([
    ['a name that leads elsewhere', "UPDATE inode SET name = '../x' WHERE ino = 2", 'unsafe-path'],
    ['a name twice', "UPDATE inode SET name = 'link' WHERE ino = 4", 'corrupt'],
    ['a root that is a file', 'UPDATE inode SET mode = 33188 WHERE ino = 1', 'corrupt'],
    ['a root below itself', 'UPDATE inode SET parent = 1 WHERE ino = 1', 'corrupt'],
    ['no root', 'DELETE FROM inode WHERE ino = 1', 'corrupt'],
    ['no kind of file', 'UPDATE inode SET mode = 420 WHERE ino = 2', 'corrupt'],
    ['a link without target', 'DELETE FROM extra', 'corrupt'],
    ['a number too large', 'UPDATE inode SET size = 9007199254740993 WHERE ino = 2', 'corrupt'],
    ['a view', 'DROP TABLE tag; CREATE VIEW tag AS SELECT 1 AS key, 2 AS value', 'corrupt'],
    ['a trigger', 'CREATE TRIGGER t AFTER INSERT ON tag BEGIN SELECT 1; END', 'corrupt'],
    ['a table of its own', 'CREATE TABLE more (a)', 'corrupt'],
    ['an index less', 'DROP INDEX parents', 'corrupt'],
    ['an index of another column', 'DROP INDEX parents; CREATE INDEX parents ON inode (name)', 'corrupt'],
    ['no inodes', 'DROP TABLE inode', 'not-a-flist'],
  ])('to have %s is not read', async (_what, sql, code) => {
    expect(await readError(sql)).toMatchObject({ code })
  })

  test('to have an index that leads elsewhere is told', async () => {
    const sql = `PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'names') WHERE name = 'parents'`
    const outcome = await withFl(await rawFl(TREE, sql), async (path) => {
      using flist = await openFlist(path)
      return (await checkFlist(flist)).ok
    }).catch((error: unknown) => error)
    expect(outcome === false || outcome instanceof FlistError).toBe(true)
  })
})

test('the schema may be spelled in other ways', async () => {
  const sql = `DROP TABLE route; DROP INDEX names;
    CREATE TABLE IF NOT EXISTS "route" ( -- where the chunks are
      start integer, -- first
      end integer, url VARCHAR(9)
    );
    INSERT INTO route VALUES (0, 255, 'dir:///srv');
    create index if not exists names on inode(name)`
  expect(await problemsOf(sql)).toEqual([])
})

test('a .fl over the limit is not opened', async () => {
  const opened = withFl(await rawFl(TREE), (path) => openFlist(path, { maxDatabaseBytes: 4096 }))
  await expect(opened).rejects.toMatchObject({ code: 'too-large' })
})

test('a name that leads elsewhere is never extracted', async () => {
  const bytes = await rawFl(TREE, "UPDATE inode SET name = '../x' WHERE ino = 2")
  await withFl(bytes, async (path) => {
    await inDirectory(async (target) => {
      using flist = await openFlist(path)
      await expect(extractFlist(flist, store, join(target, 'out'))).rejects.toMatchObject({ code: 'unsafe-path' })
      expect(await readdir(target)).toEqual(['out'])
    })
  })
})

test('mutants are read or refused, soon, with nothing but a FlistError', async () => {
  const random = createRandom(7)
  const sound = await rawFl(TREE)
  const outcomes = { read: 0, refused: 0 }
  for (let mutant = 0; mutant < 300; mutant++) {
    // Empty pages are half of such a small file: most changes go where something is.
    const at = random(2) === 0 ? 0 : 4096 * random(sound.length / 4096)
    const damaged = mutate(sound.subarray(at, at + 4096), random)
    const bytes =
      random(4) === 0
        ? mutate(sound, random)
        : Buffer.concat([sound.subarray(0, at), damaged, sound.subarray(at + damaged.length)])
    const start = performance.now()
    try {
      await withFl(bytes, async (path) => {
        using flist = await openFlist(path)
        const report = await checkFlist(flist, store)
        if (report.summary) flist.readTree()
      })
      outcomes.read++
    } catch (error) {
      if (!(error instanceof FlistError)) throw error
      outcomes.refused++
    }
    expect(performance.now() - start).toBeLessThan(PATIENCE)
  }
  expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(10)
})

test('a file with a size and no chunks is not read as one', async () => {
  const bytes = await rawFl(directory({ a: file(0) }), 'UPDATE inode SET size = 5 WHERE ino = 2')
  await withFl(bytes, async (path) => {
    await inDirectory(async (target) => {
      using flist = await openFlist(path)
      await expect(extractFlist(flist, store, join(target, 'out'))).rejects.toMatchObject({ code: 'corrupt' })
    })
  })
})
