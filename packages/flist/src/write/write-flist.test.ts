import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inDirectory, readRows, recordsOf } from '../../test/raw-flist.ts'
import { anyTree, bytes, directory, file, special, symlink } from '../../test/trees.ts'
import { checkFlist } from '../read/check-flist.ts'
import { openFlist } from '../read/open-flist.ts'
import type { ChunkList, DirectoryNode } from '../tree.ts'
import { hashTree } from '../tree-hash.ts'
import { type FlistDraft, writeFlist } from './write-flist.ts'

/** Writes a tree and gives what `read` makes of the flist. */
function roundTrip<T>(tree: DirectoryNode<ChunkList>, read: (file: string) => Promise<T>): Promise<T> {
  return inDirectory(async (target) => {
    const file = join(target, 'a.flist')
    await writeFlist(tree, {}, file)
    return read(file)
  })
}

const readTree = async (path: string) => {
  using flist = await openFlist(path)
  return flist.readTree()
}

const chunks = (count: number) => new Uint8Array(32 * count).map((_, index) => index | 1)

describe('writing and reading', () => {
  test('gives any tree back, sound and with the same hash', async () => {
    await fc.assert(
      fc.asyncProperty(anyTree, async (tree) => {
        await inDirectory(async (target) => {
          const summary = await writeFlist(tree, {}, join(target, 'a.flist'))
          using flist = await openFlist(join(target, 'a.flist'))
          expect(flist.readTree()).toEqual(tree)
          expect(summary.treeHash).toBe(hashTree(tree))
          const { flistBytes: _bytes, oversizedDirectories: _oversized, ...counts } = summary
          expect(await checkFlist(flist)).toMatchObject({ problems: [], summary: counts })
        })
      }),
      { numRuns: 60 },
    )
  })

  test('gives the same bytes for the same tree, whatever the order of its children', async () => {
    await fc.assert(
      fc.asyncProperty(anyTree, async (tree) => {
        const reversed = { ...tree, children: new Map([...tree.children].reverse()) }
        expect(await roundTrip(reversed, readFile)).toEqual(await roundTrip(tree, (path) => readFile(path)))
      }),
      { numRuns: 20 },
    )
  })

  test('keeps the root’s own attributes, its ACL in the first row', async () => {
    const tree = directory({ usr: directory() }, { mode: 0o1711, uid: 5, gid: 60, mtime: 77 })
    expect(await roundTrip(tree, readTree)).toEqual(tree)
    const keys = [...(await roundTrip(tree, readRows)).keys()]
    expect(keys.map((key) => key.length)).toEqual([16, 32, 32, 16])
  })

  test('clamps times to 1970 … 2106 and drops what no flist keeps', async () => {
    const tree = directory({
      old: file(0, undefined, { mtime: -1 }),
      future: {
        ...file(0, undefined, { mtime: 2 ** 33 }),
        mtimeNanos: 3,
        xattrs: new Map([['user.a', Buffer.alloc(2)]]),
      },
    })
    const read = await roundTrip(tree, readTree)
    expect(read.children.get('old')?.mtime).toBe(0)
    expect(read.children.get('future')).toEqual(file(0, undefined, { mtime: 2 ** 32 - 1 }))
  })

  test('has a hard link at every place', async () => {
    const shared = file(3, chunks(1))
    expect(await roundTrip(directory({ a: shared, b: directory({ c: shared }) }), readTree)).toEqual(
      directory({ a: shared, b: directory({ c: { ...shared } }) }),
    )
  })
})

test('records are as the format asks', async () => {
  const tree = directory({
    z: directory(),
    a: file(0),
    B: directory(),
    é: file(524289, chunks(2)),
    Z: symlink('/bin/sh', { mode: 0o640 }),
    null: special('character', 1, 3),
    sda: special('block', 8, 0),
    pipe: special('fifo'),
    sock: special('socket'),
    lost: special('socket', 8, 1),
  })
  const read = async (path: string) => {
    using flist = await openFlist(path)
    return recordsOf(flist).directory('cae66941d9efbd404e4d88758ea67670')
  }
  const record = await roundTrip(tree, read)
  expect(record.contents.map(({ name, size, attributes }) => [name, size, attributes])).toEqual([
    ['B', 4096, { kind: 'dir', key: expect.stringMatching(/^[0-9a-f]{32}$/) }],
    ['z', 4096, { kind: 'dir', key: expect.stringMatching(/^[0-9a-f]{32}$/) }],
    ['Z', 7, { kind: 'link', target: '/bin/sh' }],
    ['a', 0, { kind: 'file', blockSize: 128, blocks: new Uint8Array() }],
    ['lost', 0, { kind: 'special', type: 'socket', data: '8,1' }],
    ['null', 0, { kind: 'special', type: 'character', data: '1,3' }],
    ['pipe', 0, { kind: 'special', type: 'fifo', data: '(nothing)' }],
    ['sda', 0, { kind: 'special', type: 'block', data: '8,0' }],
    ['sock', 0, { kind: 'special', type: 'socket', data: '(nothing)' }],
    [bytes('é'), 524289, { kind: 'file', blockSize: 128, blocks: chunks(2) }],
  ])
  expect(record).toMatchObject({
    size: 4096,
    creationTime: record.modificationTime,
    parent: 'cae66941d9efbd404e4d88758ea67670',
  })
})

test('the number of chunks is exact where the reference’s 32-bit floats lose the end', async () => {
  const size = 64 * 2 ** 20 + 4
  const summary = await inDirectory((target) =>
    writeFlist(directory({ big: file(size, chunks(129)) }), {}, join(target, 'a')),
  )
  expect(summary).toMatchObject({ files: 1, bytes: size, chunks: 129, uniqueChunks: 8 })
})

test('a directory over 4 MiB is written right and told', async () => {
  const names = Array.from({ length: 46_000 }, (_, index): [string, ReturnType<typeof file>] => [`f${index}`, file()])
  const tree = directory({ var: directory({ huge: { ...directory(), children: new Map(names) } }) })
  await inDirectory(async (target) => {
    const path = join(target, 'a.flist')
    const summary = await writeFlist(tree, {}, path)
    expect(summary).toMatchObject({ oversizedDirectories: ['var/huge'], files: 46_000, directories: 3 })
    expect(summary.flistBytes).toBe((await stat(path)).size)
    expect(await readTree(path)).toEqual(tree)
  })
})

describe('a tree no flist can hold', () => {
  test('is refused with all problems, before anything is written', async () => {
    const tree = directory({
      'a/b': file(),
      '..': directory(),
      日: file(0, undefined, { mode: 0o100644, uid: -1, gid: 2 ** 32, mtime: 0.5 }),
      cut: file(524289, chunks(1)),
      early: file(1, new Uint8Array(32)),
      link: symlink(''),
      tty: special('character', -1, 0),
    })
    await inDirectory(async (target) => {
      const written = writeFlist(tree, {}, join(target, 'a.flist'))
      await expect(written).rejects.toMatchObject({ code: 'invalid' })
      await expect(written).rejects.toThrow(
        'tree for a flist: "/a/b" has a "/", a NUL or a char that is no byte in its name; ' +
          '"/.." is a name that leads elsewhere; "/cut" has 524289 bytes and 1 chunks of 524288; ' +
          '"/early" has a chunk that was not flushed; "/link" has a link target that is empty or no path; "/tty" has the device number -1,0; ' +
          '"/日" has the mode 33188, not 0 to 07777; "/日" has the owner -1, not 0 to 4294967295; ' +
          '"/日" has the group 4294967296, not 0 to 4294967295; "/日" has the time 0.5, not whole seconds',
      )
      expect(await readdir(target)).toEqual([])
    })
  })

  test.each<[string, (inner: DirectoryNode<ChunkList>) => DirectoryNode<ChunkList>, number]>([
    ['a path too long', (inner) => directory({ [`${'d'.repeat(200)}`]: inner }), 30],
    ['a name too long', () => directory({ ['n'.repeat(256)]: file() }), 1],
    ['a name with NUL', () => directory({ '\0': file() }), 1],
    ['an empty name', () => directory({ '': file() }), 1],
  ])('with %s', async (_what, wrap, times) => {
    let tree = directory()
    for (let count = 0; count < times; count++) tree = wrap(tree)
    await expect(writeFlist(tree, {}, '/nowhere/a')).rejects.toMatchObject({ code: 'invalid' })
  })

  test('with more problems than fit says how many', async () => {
    const names = Array.from({ length: 30 }, (_, index) => [`f${index}`, file(1)])
    await expect(writeFlist(directory(Object.fromEntries(names)), {}, '/nowhere/a')).rejects.toThrow(/; and 10 more$/)
  })
})

describe('a flist that cannot be written', () => {
  test('leaves what was there and nothing else', async () => {
    await inDirectory(async (target) => {
      await mkdir(join(target, 'a.flist'))
      await writeFile(join(target, 'a.flist/in'), '')
      await expect(writeFlist(directory(), {}, join(target, 'a.flist'))).rejects.toMatchObject({ code: 'io' })
      expect(await readdir(target)).toEqual(['a.flist'])
    })
  })

  test('because it was called off leaves nothing', async () => {
    await inDirectory(async (target) => {
      const output = join(target, 'a.flist')
      await writeFile(output, 'old')
      const signal = AbortSignal.abort(new Error('enough'))
      await expect(writeFlist(directory(), {}, output, { signal })).rejects.toThrow('enough')
      expect([await readdir(target), await readFile(output, 'utf8')]).toEqual([['a.flist'], 'old'])
    })
  })

  test('because it was called off while records were made leaves nothing', async () => {
    await inDirectory(async (target) => {
      const names = Array.from({ length: 300 }, (_, index) => [`d${index}`, directory()])
      const calling = new AbortController()
      setImmediate(() => calling.abort(new Error('enough')))
      const tree = directory(Object.fromEntries(names))
      const written = writeFlist(tree, {}, join(target, 'a.flist'), { signal: calling.signal })
      await expect(written).rejects.toThrow('enough')
      expect(await readdir(target)).toEqual([])
    })
  })

  test('because it was not accepted leaves what was there, and says why itself', async () => {
    await inDirectory(async (target) => {
      const output = join(target, 'a.flist')
      await writeFile(output, 'old')
      const accept = ({ files, oversizedDirectories }: FlistDraft) => {
        throw new RangeError(`${files} file, ${oversizedDirectories.length} large directories`)
      }
      const written = writeFlist(directory({ a: file() }), {}, output, { accept })
      await expect(written).rejects.toThrow(new RangeError('1 file, 0 large directories'))
      expect([await readdir(target), await readFile(output, 'utf8')]).toEqual([['a.flist'], 'old'])
    })
  })

  test('because the folder is not there says so', async () => {
    await expect(writeFlist(directory(), {}, '/nowhere/a.flist')).rejects.toThrow(
      /^\/nowhere\/a.flist: the flist could not be written/,
    )
  })
})

test('metadata is made from the summary of the tree, and what goes wrong there stays as it is', async () => {
  const tree = directory({ a: file(5, chunks(1)), b: directory({ c: symlink('a') }) })
  await inDirectory(async (target) => {
    const output = join(target, 'a.flist')
    await writeFlist(tree, ({ files, symlinks }) => ({ note: `${files} file, ${symlinks} link` }), output)
    using flist = await openFlist(output)
    expect(flist.metadata).toEqual({ note: '1 file, 1 link' })
    const failing = () => {
      throw new RangeError('no such thing')
    }
    await expect(writeFlist(tree, failing, join(target, 'b.flist'))).rejects.toThrow(new RangeError('no such thing'))
    expect(await readdir(target)).toEqual(['a.flist'])
  })
})

test('a flist of many pieces is the same, however busy the machine is', async () => {
  const names = Array.from({ length: 400 }, (_, index) => [`d${index}`, directory({ x: file(2 ** 25, chunks(64)) })])
  const tree = directory(Object.fromEntries(names))
  const written = () => roundTrip(tree, (path) => readFile(path))
  const alone = await written()
  const [first, ...others] = await Promise.all([written(), written(), written(), written()])
  expect(first?.equals(alone)).toBe(true)
  for (const other of others) expect(other.equals(alone)).toBe(true)
  expect(await roundTrip(tree, readTree)).toEqual(tree)
})

test('metadata is refused before anything is written', async () => {
  const metadata = { entrypoint: [1] } as unknown as { entrypoint: string[] }
  await expect(writeFlist(directory(), metadata, '/nowhere/a')).rejects.toMatchObject({ code: 'invalid' })
})
