import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inDirectory } from '../../test/raw-flist.ts'
import { anyTree, directory, file, special, symlink } from '../../test/trees.ts'
import { type ChunkList, type DirectoryNode, type FileNode, joinPath, type Node, walkNodes } from '../tree.ts'
import { hashTree } from '../tree-hash.ts'
import { writeFlist } from '../write/write-flist.ts'
import { encodeKeptTree } from './encode-kept-tree.ts'
import { chunkIdsAtEnd } from './kept-columns.ts'
import { openKeptTree } from './kept-tree.ts'

type Tree = DirectoryNode<ChunkList>
type Mutable = { -readonly [K in keyof Tree]: Tree[K] }

const chunks = (count: number) => new Uint8Array(32 * count).map((_, index) => index | 1)
const encode = async (tree: Tree, flushed?: Promise<unknown>) => Buffer.concat(await encodeKeptTree(tree, flushed))
const keep = async (tree: Tree, lost?: Tree) => openKeptTree(await encode(tree), 'kept', lost).root

/** The nodes that are lost, with nanoseconds, and the directories above them; undefined when none is. */
function lostOf(tree: Tree, isLost: (path: string) => boolean, path = ''): Tree | undefined {
  const children = new Map<string, Node<ChunkList>>()
  for (const [name, node] of tree.children) {
    const inner = joinPath(path, name)
    const lost =
      node.type === 'directory' ? lostOf(node, isLost, inner) : isLost(inner) ? { ...node, mtimeNanos: 7 } : undefined
    if (lost) children.set(name, lost)
  }
  return children.size > 0 || isLost(path) ? { ...tree, mtimeNanos: 7, children } : undefined
}

/** The hash of the flist, and what its writer says of it. */
const write = (tree: Tree) =>
  inDirectory(async (folder) => {
    const summary = await writeFlist(tree, {}, join(folder, 'a.flist'))
    const bytes = await readFile(join(folder, 'a.flist'))
    return { summary, hash: createHash('sha256').update(bytes).digest('hex') }
  })

/** Changes directories of a tree, those at the same places in the same way whatever tree it is. */
function change(tree: Tree, changes: readonly { readonly at: number; readonly kind: number }[]): void {
  for (const { at, kind } of changes) {
    const directories: Mutable[] = []
    for (const { node } of walkNodes(tree)) if (node.type === 'directory') directories.push(node)
    const place = directories[at % directories.length] as Mutable
    const [name = 'none'] = [...place.children.keys()].sort()
    if (kind === 0) place.children.delete(name)
    else if (kind === 1) place.children.set(name, file(5, chunks(1), { uid: 77 }))
    else if (kind === 2) place.children.set('new', directory({ deep: directory({ file: file() }) }))
    else if (kind === 3) place.mtime = 5
    else if (kind === 4) place.mode ^= 0o100
    else place.children.clear()
  }
}

test('a kept tree, changed or not, becomes the flist that the tree itself becomes', async () => {
  const changes = fc.array(fc.record({ at: fc.nat(50), kind: fc.nat(5) }), { maxLength: 3 })
  const missing = fc.func(fc.boolean())
  await fc.assert(
    fc.asyncProperty(anyTree, changes, missing, fc.boolean(), async (tree, changes, isLost, none) => {
      const kept = await keep(tree, none ? undefined : lostOf(tree, isLost))
      expect(hashTree(await keep(tree))).toBe(hashTree(tree))
      change(kept, changes)
      change(tree, changes)
      expect(await write(kept)).toEqual(await write(tree))
      expect(hashTree(kept)).toBe(hashTree(tree))
    }),
    { numRuns: 150 },
  )
})

const tree = () =>
  directory({
    etc: directory({ hosts: file(3, chunks(1)), ssl: directory({ key: file(9, chunks(1), { mode: 0o600 }) }) }),
    usr: directory({ bin: directory({ sh: symlink('dash') }), dev: special('character', 1, 3) }),
  })

const child = (node: Node<ChunkList> | undefined, name: string) =>
  node?.type === 'directory' ? node.children.get(name) : undefined
const keptOf = (node: Node<ChunkList> | undefined) => (node?.type === 'directory' ? node.kept : undefined)

/** Two levels of directories, whose records fill several parts of a flist. */
const large = () => {
  const numbered = <T>(count: number, make: (index: number) => T) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`name-${index}`, make(index)]))
  const files = (seed: number) => numbered(16, (index) => file(7, chunks(1), { mtime: seed * 20 + index }))
  return directory(numbered(40, (i) => directory(numbered(60, (j) => directory(files(60 * i + j))))))
}
const directoryAt = (root: Tree, ...names: string[]) => {
  const found = names.reduce<Node<ChunkList> | undefined>(child, root)
  if (found?.type !== 'directory') throw new Error(`${names} is no directory`)
  return found as Mutable
}

test.each<[string, number, (root: Tree) => unknown]>([
  ['nothing', 1, () => undefined],
  ['a file', 0.5, (root) => directoryAt(root, 'name-20', 'name-7').children.set('new', file())],
  ['a new directory', 0.5, (root) => directoryAt(root, 'name-3').children.set('new', directory())],
  ['a directory less', 0.5, (root) => directoryAt(root, 'name-30').children.delete('name-9')],
  // Its record stays the same, which is only known when it was written.
  ['a directory that was looked at', 1, (root) => directoryAt(root, 'name-20', 'name-7').children],
  ['every time', 0, (root) => [...walkNodes(root)].map(({ node }) => Object.assign(node, { mtime: 1 }))],
])('parts of an earlier flist are taken as they were: %s changed', async (what, least, change) => {
  const bytes = await encode(large())
  const before = openKeptTree(bytes, 'kept')
  await write(before.root)
  const { used } = before.parts
  expect(used.size).toBeGreaterThan(4)

  const after = openKeptTree(bytes, 'kept')
  for (const [first, part] of used) after.parts.known.set(first, part)
  const tree = large()
  if (!what.includes('looked at')) change(tree)
  change(after.root)
  expect(await write(after.root)).toEqual(await write(tree))
  const same = [...after.parts.used].filter(([first, part]) => used.get(first) === part)
  expect(same.length / used.size).toBeGreaterThanOrEqual(least)
  if (least === 0) expect(same).toEqual([])
})

test('nobody looks into directories that were not changed', async () => {
  const root = await keep(tree())
  expect(root.kept?.counts).toEqual({ files: 2, directories: 5, symlinks: 1, specials: 1, bytes: 12, chunks: 2 })
  child(child(root, 'etc'), 'hosts')
  expect([root.kept, keptOf(child(root, 'etc'))]).toEqual([undefined, undefined])
  expect(keptOf(child(child(root, 'etc'), 'ssl'))?.counts).toMatchObject({ files: 1, directories: 1 })
  expect(keptOf(child(root, 'usr'))?.counts).toMatchObject({ directories: 2, symlinks: 1 })
})

test.each(['mode', 'uid', 'gid', 'mtime', 'mtimeNanos'] as const)(
  'a directory with another %s is not as it was',
  async (name) => {
    const root = await keep(tree())
    Object.assign(root, { [name]: 4321 })
    expect(root.kept).toBeUndefined()
  },
)

test('what a flist does not hold is in the tree, and known without looking at it', async () => {
  const lost = lostOf(tree(), (path) => path === 'etc/ssl/key')
  const root = await keep(tree(), lost)
  expect(root.kept?.lost).toBe(lost)
  expect(root.kept?.counts).toMatchObject({ files: 2, directories: 5 })
  const etc = child(root, 'etc')
  expect([keptOf(etc)?.lost, etc?.mtimeNanos]).toEqual([child(lost, 'etc'), 7])
  expect(child(child(etc, 'ssl'), 'key')).toMatchObject({ mtimeNanos: 7, mode: 0o600, size: 9 })
  const usr = child(root, 'usr')
  expect([keptOf(usr)?.counts.directories, keptOf(usr)?.lost]).toEqual([2, undefined])
})

test('a hard link that was changed at one place is looked at where else it is', async () => {
  const link = { ...file(3, chunks(1)) } as { -readonly [K in keyof FileNode<ChunkList>]: FileNode<ChunkList>[K] }
  const linked = directory({ a: directory({ x: link }), b: directory({ y: link }), c: directory({ z: file() }) })
  const root = await keep(linked, linked)
  const kept = () => ['a', 'b', 'c'].map((name) => keptOf(child(root, name)) !== undefined)
  expect(child(child(root, 'a'), 'x')).toBe(link)
  expect(kept()).toEqual([false, true, true])
  link.mode = 0o600
  expect(kept()).toEqual([false, false, true])
})

test.each<[string, Tree]>([
  ['has no such name', directory({ etc: directory({ none: file() }) })],
  ['has a file there', directory({ etc: directory({ hosts: directory() }) })],
])('what is said to be lost of a directory that %s is refused when it is looked at', async (_, lost) => {
  const etc = child(await keep(tree(), lost), 'etc')
  expect(() => child(etc, 'hosts')).toThrow(expect.objectContaining({ code: 'corrupt' }))
})

test('a directory that the reference can not hold is told each time', async () => {
  const names = Array.from({ length: 30_000 }, (_, i) => [`${'long'.repeat(20)}-${i}`, file()] as const)
  const tall = directory({ large: directory(Object.fromEntries(names)), other: directory() })
  const kept = await keep(tall)
  expect([kept.kept, keptOf(child(kept, 'large')), keptOf(child(kept, 'other'))?.counts.directories]).toEqual([
    undefined,
    undefined,
    1,
  ])
  expect((await write(kept)).summary.oversizedDirectories).toEqual(['large'])
})

test('the chunks of all files are told without looking at the tree', async () => {
  const ids = Buffer.concat([chunks(1).subarray(0, 16), chunks(1).subarray(0, 16)])
  const bytes = await encode(tree())
  expect(Buffer.from(openKeptTree(bytes, 'kept').chunkIds)).toEqual(ids)
  expect(Buffer.from(chunkIdsAtEnd(Buffer.concat([Buffer.from('before'), bytes])))).toEqual(ids)
})

test.each<[string, (bytes: Buffer) => Buffer]>([
  ['are too few', (bytes) => bytes.subarray(-20)],
  ['are no number', () => Buffer.alloc(3)],
  ['end in the middle of an id', (bytes) => Buffer.concat([bytes.subarray(0, -4), Buffer.from([15, 0, 0, 0])])],
])('bytes that %s have no chunks', async (_, damage) => {
  expect(chunkIdsAtEnd(damage(await encode(tree())))).toEqual(new Uint8Array())
})

test('a directory that is not within the one above it is refused: there would be no end of them', async () => {
  const bytes = await encode(tree())
  const ends = 16 + 8 * 5
  for (const [index, end] of [
    [1, 6],
    [1, 4],
    [2, 5],
    [0, 4],
    [3, 3],
  ] as const) {
    const forged = Buffer.from(bytes)
    forged.writeUInt32LE(end, ends + 4 * index)
    expect(() => openKeptTree(forged, 'kept'), `${index} to ${end}`).toThrow(/^kept: is no kept tree/)
  }
  // /etc/ssl with all of /usr in it, which has no nodes then
  const forged = Buffer.from(bytes)
  const place = (column: number, index: number) => ends + 4 * (5 * column + index)
  const [idStart, idEnd] = [3, 4]
  forged.writeUInt32LE(5, ends + 4 * 2)
  for (const index of [3, 4]) {
    const last = bytes.readUInt32LE(place(idEnd, 2))
    forged.writeUInt32LE(last, place(idStart, index))
    forged.writeUInt32LE(last, place(idEnd, index))
  }
  expect(() => openKeptTree(forged, 'kept')).toThrow(/^kept: is no kept tree/)
})

test('any change of a byte is refused, or gives another tree, or is found when the tree is looked at', async () => {
  const bytes = await encode(tree())
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const forged = Buffer.from(bytes)
      forged[at] = (forged[at] ?? 0) ^ change
      try {
        await write(openKeptTree(forged, 'kept').root)
        hashTree(openKeptTree(forged, 'kept').root)
      } catch (error) {
        expect(error).toMatchObject({ name: 'FlistError' })
      }
    }),
    { numRuns: 400 },
  )
})

test('a tree that is nested too deep, or of too many owners, is not kept', async () => {
  let deep = directory()
  for (let depth = 0; depth < 256; depth++) deep = directory({ d: deep })
  const refused = expect.objectContaining({ code: 'too-large' })
  expect(hashTree(await keep(deep))).toBe(hashTree(deep))
  await expect(encode(directory({ d: deep }))).rejects.toThrow(refused)
  const files = Array.from({ length: 1100 }, (_, uid) => [`f${uid}`, file(0, undefined, { uid })] as const)
  await expect(encode(directory(Object.fromEntries(files)))).rejects.toThrow(refused)
})

test('who encodes a tree waits only for directories whose chunk ids are not there yet', async () => {
  const [early, late] = [chunks(1), new Uint8Array(32)]
  const growing = directory({ a: directory({ early: file(3, early) }), b: directory({ late: file(3, late) }) })
  const looked: string[] = []
  for (const name of ['a', 'b']) {
    const node = child(growing, name) as Mutable
    const { children } = node
    Object.defineProperty(node, 'children', { get: () => looked.push(name) && children })
  }
  const { promise, resolve } = Promise.withResolvers<void>()
  const encoding = encode(growing, promise)
  await setImmediate()
  const before = new Set(looked)
  late.set(chunks(1))
  resolve()
  const filled = directory({ a: directory({ early: file(3, early) }), b: directory({ late: file(3, chunks(1)) }) })
  expect(await encoding).toEqual(await encode(filled))
  expect(before).toContain('a')
  const again = directory({ b: directory({ late: file(3, new Uint8Array(32)) }) })
  await expect(encode(again, Promise.resolve())).rejects.toThrow(/"\/b\/late" has a chunk that was not flushed/)
})

test.each<[string, Tree]>([
  ['all chunk ids', directory({ file: file(3, chunks(1)) })],
  ['ids that will not come', directory({ file: file(3, new Uint8Array(32)) })],
])('a tree with %s is not encoded when its chunks can not be stored', async (_, tree) => {
  const failing = setImmediate().then(() => Promise.reject(new Error('the store is full')))
  await expect(encode(tree, failing)).rejects.toThrow('the store is full')
})

test('who encodes a tree lets other work go on', async () => {
  let others = 0
  let isDone = false
  const other = async () => {
    for (; !isDone; others++) await setImmediate()
  }
  void other()
  await encode(large())
  isDone = true
  expect(others).toBeGreaterThan(20)
})

test.each<[string, Tree]>([
  ['the root', directory({}, { mode: 0o10000 })],
  ['a link', directory({ etc: directory({ link: symlink('') }) })],
  ['a file', directory({ etc: directory({ file: file(-1) }) })],
  ['a name', directory({ etc: directory({ 'a/b': file() }) })],
  ['the number of chunks', directory({ file: file(600_000, chunks(1)) })],
])('a tree that no flist can hold, for %s, is not kept', async (_, invalid) => {
  await expect(encode(invalid)).rejects.toThrow(expect.objectContaining({ code: 'invalid' }))
})

test('bytes that are cut off, or have more, are refused', async () => {
  const bytes = await encode(tree())
  const refused = expect.objectContaining({ code: 'corrupt', message: 'kept: is no kept tree, or damaged; delete it' })
  for (let length = 0; length < bytes.length; length += 7) {
    expect(() => openKeptTree(bytes.subarray(0, length), 'kept')).toThrow(refused)
  }
  expect(() => openKeptTree(Buffer.concat([bytes, Buffer.alloc(1)]), 'kept')).toThrow(refused)
})
