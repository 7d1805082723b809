import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ChunkMemory, createChunkMemory } from '../../test/chunk-memory.ts'
import { inDirectory, readRows, SCHEMA, writeRawFlist } from '../../test/raw-flist.ts'
import { directory, file, special, symlink } from '../../test/trees.ts'
import { aclKey, createAcl, encodeAcl } from '../format/acl.ts'
import { directoryKey } from '../format/directory-key.ts'
import { type DirectoryRecord, decodeDirectory, encodeDirectory, type InodeRecord } from '../format/directory-record.ts'
import type { ChunkList, DirectoryNode } from '../tree.ts'
import { hashTree } from '../tree-hash.ts'
import { writeFlist } from '../write/write-flist.ts'
import { checkFlist, type FlistReport } from './check-flist.ts'
import { openFlist } from './open-flist.ts'

type Rows = Map<string, Uint8Array>

/** Writes a tree, changes its rows, and checks the result. */
function check(
  tree: DirectoryNode<ChunkList>,
  change: (rows: Rows) => void,
  ...args: Parameters<typeof checkFlist> extends [unknown, ...infer Rest] ? Rest : never
): Promise<FlistReport> {
  return inDirectory(async (target) => {
    const path = join(target, 'a.flist')
    await writeFlist(tree, {}, path)
    const rows = new Map(await readRows(path))
    change(rows)
    using flist = await openFlist(await writeRawFlist(path, rows))
    const report = await checkFlist(flist, ...args)
    const messages = report.problems.map((problem) => ({
      ...problem,
      message: problem.message.replaceAll(`${target}/`, ''),
    }))
    return { ...report, problems: messages }
  })
}

/** Changes the record of a directory. */
const edit = (path: string, change: (record: DirectoryRecord) => Partial<DirectoryRecord>) => (rows: Rows) => {
  const record = decodeDirectory(rows.get(directoryKey(path)) ?? new Uint8Array(), path)
  rows.set(directoryKey(path), encodeDirectory({ ...record, ...change(record) }))
}

/** Changes one entry of a directory. */
const editEntry = (path: string, name: string, change: (inode: InodeRecord) => Partial<InodeRecord>) =>
  edit(path, ({ contents }) => ({
    contents: contents.map((inode) => (inode.name === name ? { ...inode, ...change(inode) } : inode)),
  }))

const TREE = directory({
  etc: directory({
    motd: file(5, new Uint8Array(32).fill(1)),
    link: symlink('motd'),
    null: special('character', 1, 3),
  }),
  var: directory({ log: directory() }),
})

const unchanged = () => {}

test('a sound flist has no problem and is summarised', async () => {
  expect(await check(TREE, unchanged)).toEqual({
    ok: true,
    problems: [],
    omittedProblems: 0,
    missingChunks: 0,
    lostDevices: 0,
    summary: {
      files: 1,
      directories: 4,
      symlinks: 1,
      specials: 1,
      bytes: 5,
      chunks: 1,
      uniqueChunks: 1,
      treeHash: hashTree(TREE),
      contentHash: hashTree(TREE, { times: false }),
    },
  })
})

describe('records', () => {
  const wrongAcl = encodeAcl(createAcl({ mode: 0o700, uid: 0, gid: 0 }))
  test.each<[string, (rows: Rows) => void, string, string]>([
    [
      'a directory without a record',
      (rows) => rows.delete(directoryKey('etc')),
      'record',
      '"/etc": a.flist: has no directory record "9308da158ed557db704826796bca9f68"; make the flist again',
    ],
    [
      'a record no path leads to',
      edit('', ({ contents }) => ({ contents: contents.slice(0, 1) })),
      'record',
      `no path leads to the directory record "${directoryKey('var')}"`,
    ],
    [
      'a row that is no record',
      (rows) => rows.set('x', Buffer.alloc(8)),
      'record',
      'there is a record under the key "x"',
    ],
    ['another name', edit('etc', () => ({ name: 'ect' })), 'directory', '"/etc": its record has the name "/ect"'],
    ['another path', edit('etc', () => ({ location: 'usr/etc' })), 'directory', '"/etc": its record is for "/usr/etc"'],
    [
      'another parent',
      edit('etc', () => ({ parent: directoryKey('var') })),
      'directory',
      '"/etc": its record names another parent than its own',
    ],
    [
      'another time',
      edit('etc', () => ({ modificationTime: 1 })),
      'directory',
      '"/etc": its record says other attributes than its entry',
    ],
    [
      'a missing ACL',
      (rows) => rows.delete(aclKey(createAcl({ mode: 0o777, uid: 0, gid: 0 }))),
      'acl',
      '"/etc/link": a.flist: has no ACL record "73e6e9d75d19d7da"; make the flist again',
    ],
    [
      'a twisted ACL',
      (rows) => rows.set('73e6e9d75d19d7da', wrongAcl),
      'acl',
      '"/etc/link": its ACL record is under the wrong key "73e6e9d75d19d7da"',
    ],
    ['a name twice', editEntry('etc', 'link', () => ({ name: 'motd' })), 'name', '"/etc/motd" is there twice'],
    [
      'an unsafe name',
      editEntry('etc', 'link', () => ({ name: '..' })),
      'name',
      '"/etc/.." is a name that leads elsewhere',
    ],
    [
      'a size without chunks',
      editEntry('etc', 'motd', () => ({ size: 524289 })),
      'entry',
      '"/etc/motd" has 524289 bytes, which is 2 chunks, and 1 chunks',
    ],
    [
      'a block size',
      editEntry('etc', 'motd', () => ({
        attributes: { kind: 'file', blockSize: 0, blocks: new Uint8Array(32).fill(1) },
      })),
      'entry',
      '"/etc/motd" has the block size 0, not 128',
    ],
    [
      'a link without target',
      editEntry('etc', 'link', () => ({ size: 0, attributes: { kind: 'link', target: '' } })),
      'entry',
      '"/etc/link" has a link target that is empty or no path',
    ],
    [
      'a link of another size',
      editEntry('etc', 'link', () => ({ size: 3 })),
      'entry',
      '"/etc/link" has the size 3 and a link target of 4 bytes',
    ],
    [
      'a device without number',
      editEntry('etc', 'null', () => ({ attributes: { kind: 'special', type: 'block', data: '' } })),
      'entry',
      '"/etc/null" is a device without a number',
    ],
  ])('%s', async (_what, change, code, message) => {
    const report = await check(TREE, change)
    expect(report.ok).toBe(false)
    expect(report.problems).toContainEqual(expect.objectContaining({ code, message }))
  })

  test('a directory in two places, under the key of one', async () => {
    const key = directoryKey('etc')
    const report = await check(
      TREE,
      editEntry('', 'var', () => ({ attributes: { kind: 'dir', key } })),
    )
    expect(report.problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'directory: "/var": its record has the name "/etc"',
      'directory: "/var": its record is for "/etc"',
      'directory: "/var": its record is not under the key of its path',
      'directory: "/etc": its record is another directory\'s too',
      `record: no path leads to the directory record "${directoryKey('var')}"`,
      `record: no path leads to the directory record "${directoryKey('var/log')}"`,
    ])
  })

  test('a row whose key is no text', async () => {
    await inDirectory(async (target) => {
      const sql = `${SCHEMA} INSERT INTO entries VALUES (x'00', x'00')`
      const path = join(target, 'a.flist')
      await writeFlist(TREE, {}, path)
      using flist = await openFlist(await writeRawFlist(path, await readRows(path), sql))
      expect((await checkFlist(flist)).problems).toEqual([
        {
          code: 'record',
          path: '',
          message: `${path}: has a database row that is not text; make or fetch the flist again`,
        },
      ])
    })
  })

  test('a directory below the root in the first row', async () => {
    const reorder = (rows: Rows) => {
      const entries = [...rows]
      // Keys of directories are longer than those of ACLs; the last one is that of no root.
      const below = entries.findLast(([key]) => key.length === 32)
      rows.clear()
      for (const [key, value] of below ? [below, ...entries] : []) rows.set(key, value)
    }
    expect((await check(TREE, reorder)).problems).toEqual([
      {
        code: 'record',
        path: '',
        message: 'the first row is a directory below the root, which rfs takes for the root',
      },
    ])
  })
})

describe('chunks', () => {
  const setup = () => {
    const memory = createChunkMemory()
    const tree = directory({
      a: memory.store('one'),
      b: memory.store('one'),
      c: memory.store('two'),
      d: memory.store(''),
    })
    return { memory, tree }
  }
  const firstChunk = (memory: ChunkMemory) => [...memory.chunks.keys()][0] ?? ''

  test('that are all there are no problem, read or not', async () => {
    const { memory, tree } = setup()
    for (const contents of [false, true]) {
      expect(await check(tree, unchanged, memory, { contents })).toMatchObject({ ok: true, missingChunks: 0 })
    }
  })

  test('that are missing are told once, with a file they belong to', async () => {
    const { memory, tree } = setup()
    const id = firstChunk(memory)
    memory.chunks.delete(id)
    expect(await check(tree, unchanged, memory, { contents: true })).toMatchObject({
      ok: false,
      missingChunks: 1,
      problems: [{ code: 'chunk', path: 'a', message: `"/a": chunk ${id} is not in the store; upload it` }],
      summary: { chunks: 3, uniqueChunks: 2 },
    })
  })

  test('with other bytes are found when contents are read', async () => {
    const { memory, tree } = setup()
    memory.chunks.set(firstChunk(memory), Buffer.alloc(12))
    expect(await check(tree, unchanged, memory)).toMatchObject({ ok: true })
    expect(await check(tree, unchanged, memory, { contents: true })).toMatchObject({
      problems: [
        { code: 'chunk', path: 'a', message: expect.stringMatching(/^"\/a": chunk [0-9a-f]{32} is not right: /) },
      ],
    })
  })

  test('that one file says to be longer than another are a contradiction', async () => {
    const { memory, tree } = setup()
    const report = await check(
      tree,
      editEntry('', 'b', () => ({ size: 4 })),
      memory,
    )
    expect(report.problems).toEqual([
      { code: 'entry', path: 'b', message: '"/b" gives a chunk another size than another file' },
    ])
  })

  test('are each asked for once, in batches', async () => {
    const { memory, tree } = setup()
    const asked: number[] = []
    const missing = (ids: readonly Uint8Array[]) => {
      asked.push(ids.length)
      return memory.missing(ids)
    }
    await check(tree, unchanged, { ...memory, missing })
    expect(asked).toEqual([2])
  })

  test('of a store that fails end the check', async () => {
    const { memory, tree } = setup()
    const missing = () => Promise.reject(new Error('gone'))
    await expect(check(tree, unchanged, { ...memory, missing })).rejects.toThrow('gone')
  })
})

test('a check stops when it is called off', async () => {
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(check(TREE, unchanged, undefined, { signal })).rejects.toThrow('enough')
})

test('more problems than anyone reads are counted', async () => {
  const names = Array.from({ length: 1200 }, (_, index) => [`f${index}`, symlink('x')])
  const lengthen = edit('', ({ contents }) => ({ contents: contents.map((inode) => ({ ...inode, size: 9 })) }))
  const report = await check(directory(Object.fromEntries(names)), lengthen)
  expect([report.problems.length, report.omittedProblems, report.summary]).toEqual([1000, 200, undefined])
})
