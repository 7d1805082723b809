import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyTree, directory, file, special, symlink } from '../test/trees.ts'
import { FLIST_CHUNKS } from './codec/chunk-format.ts'
import { createDirectoryHasher } from './directory-hash.ts'
import { type ChunkList, type DirectoryHashes, type DirectoryNode, joinPath, type Node, sortedNames } from './tree.ts'
import { createTreeHasher, hashTree } from './tree-hash.ts'

const sha256 = (...bytes: Uint8Array[]) => createHash('sha256').update(Buffer.concat(bytes)).digest()
const u32 = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer)

/** What stands for a node in the hash of the contents above it, its owner being root. */
const record = (letter: string, name: string, mode: number, ...rest: Uint8Array[]) =>
  Buffer.concat([Buffer.from(letter), u32(name.length), Buffer.from(name), u32(mode, 0, 0), ...rest])

const whole = (content: Uint8Array, times: Uint8Array) => ({
  treeHash: sha256(Buffer.from('tf-images tree 2\n'), content, times).toString('hex'),
  contentHash: sha256(Buffer.from('tf-images tree 2 without times\n'), content).toString('hex'),
})

const bothHashes = (tree: DirectoryNode<ChunkList>) => ({
  treeHash: hashTree(tree),
  contentHash: hashTree(tree, { times: false }),
})

const listOf = (count: number) =>
  Buffer.alloc(32 * count, Buffer.from([...Array(16).fill(0xaa), ...Array(16).fill(0xbb)]))

describe('the tree hash', () => {
  test('is that of directories in directories which its documentation describes', () => {
    const tree = directory(
      {
        b: file(5, listOf(1), { mtime: 1 }),
        a: symlink('x', { mode: 0, mtime: 2 }),
        'a-dir': directory({ c: special('character', 1, 3, { mtime: 3 }), empty: directory({}, { mtime: 4 }) }),
      },
      { mtime: 6 },
    )
    const TIME = 1_500_000_000
    expect(directory().mtime).toBe(TIME)
    const inner = {
      content: sha256(record('c', 'c', 0o600, u32(1, 3)), record('d', 'empty', 0o755, sha256())),
      times: sha256(u32(3, 4), sha256()),
    }
    const root = {
      content: sha256(
        record('l', 'a', 0o777, u32(1), Buffer.from('x')),
        record('d', 'a-dir', 0o755, inner.content),
        record('f', 'b', 0o644, u32(5, 0, 1), Buffer.alloc(16, 0xbb)),
      ),
      times: sha256(u32(2, TIME), inner.times, u32(1)),
    }
    const above = { content: sha256(record('d', '', 0o755, root.content)), times: sha256(u32(6), root.times) }
    expect(bothHashes(tree)).toEqual(whole(above.content, above.times))
  })

  test('is that of all nodes together, however many and large they are', () => {
    const names = Array.from({ length: 30_000 }, (_, i) => `a-name-of-some-length-${10_000 + i}`)
    const large = file(2 ** 40 + 5, listOf(10_000), { mtime: 0 })
    const many = directory(
      { ...Object.fromEntries(names.map((name) => [name, file(5, listOf(1), { mtime: 0 })])), large },
      { mtime: 0 },
    )
    const tree = directory({ 'a-file': file(0, undefined, { mtime: 0 }), many, next: special('fifo', 0, 0) })
    const keys = (count: number) => [u32(count), Buffer.alloc(16 * count, 0xbb)]
    const content = sha256(
      ...names.map((name) => record('f', name, 0o644, u32(5, 0), ...keys(1))),
      record('f', 'large', 0o644, u32(5, 256), ...keys(10_000)),
    )
    const times = sha256(...names.map(() => u32(0)), u32(0))
    const [TIME] = [tree.mtime]
    const root = {
      content: sha256(
        record('f', 'a-file', 0o644, u32(0, 0, 0)),
        record('d', 'many', 0o755, content),
        record('p', 'next', 0o600, u32(0, 0)),
      ),
      times: sha256(u32(0, 0), times, u32(TIME)),
    }
    expect(bothHashes(tree)).toEqual(whole(sha256(record('d', '', 0o755, root.content)), sha256(u32(TIME), root.times)))
  })

  test.each([false, true])('has all directories of a directory, however many; their hashes known: %s', (isKnown) => {
    for (const count of [1100, 1117, 1400, 2000]) {
      for (const length of [1, 30]) {
        const names = Array.from({ length: count }, (_, i) => `${'n'.repeat(length)}${10_000 + i}`)
        const inner = directory({ a: file() }, { mtime: 0 })
        const hasher = createTreeHasher(FLIST_CHUNKS)
        hasher.add('', directory({}, { mtime: 0 }))
        for (const name of names) {
          if (isKnown) hasher.addKept(name, inner, hashesOf(inner))
          else {
            hasher.add(name, inner)
            hasher.add(`${name}/a`, file())
          }
        }
        const of = {
          content: sha256(record('f', 'a', 0o644, u32(0, 0, 0))),
          times: sha256(u32(1_500_000_000)),
        }
        const root = {
          content: sha256(...names.map((name) => record('d', name, 0o755, of.content))),
          times: sha256(...names.flatMap(() => [u32(0), of.times])),
        }
        expect(hasher.digest()).toEqual(whole(sha256(record('d', '', 0o755, root.content)), sha256(u32(0), root.times)))
      }
    }
  })

  test('is the same where hashes of directories are known', () => {
    fc.assert(
      fc.property(anyTree, fc.func(fc.boolean()), (tree, isKnown) => {
        const hasher = createTreeHasher(FLIST_CHUNKS)
        const visit = (path: string, node: Node<ChunkList>): void => {
          const known = node.type === 'directory' && isKnown(path)
          if (known) hasher.addKept(path, node, hashesOf(node))
          else hasher.add(path, node)
          if (known || node.type !== 'directory') return
          for (const name of sortedNames(node)) visit(joinPath(path, name), node.children.get(name) as Node<ChunkList>)
        }
        visit('', tree)
        expect(hasher.digest()).toEqual(bothHashes(tree))
      }),
    )
  })

  const hashesOf = (node: DirectoryNode<ChunkList>): DirectoryHashes => {
    const hasher = createDirectoryHasher(FLIST_CHUNKS)
    for (const name of sortedNames(node)) {
      const child = node.children.get(name) as Node<ChunkList>
      if (child.type === 'directory') hasher.addHashes(name, child, hashesOf(child))
      else hasher.add(name, child)
    }
    return hasher.end()
  }

  test('does not change with what a flist cannot keep, or with chunk ids', () => {
    const content = (id: number) => Buffer.from([...Array(16).fill(id), ...Array(16).fill(7)])
    const plain = directory({ a: file(1, content(1)) }, { mtime: 0 })
    const rich = directory(
      { a: { ...file(1, content(2)), mtimeNanos: 5, xattrs: new Map([['user.x', Buffer.alloc(1)]]) } },
      { mtime: -5 },
    )
    expect(hashTree(rich)).toBe(hashTree(plain))
  })

  test('does not change with the order of children', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(hashTree({ ...tree, children: new Map([...tree.children].reverse()) })).toBe(hashTree(tree))
      }),
    )
  })

  test('without times is another hash, which no time changes', () => {
    const early = directory({ a: file(0, undefined, { mtime: 1 }) }, { mtime: 2 })
    const late = directory({ a: file(0, undefined, { mtime: 3 }) }, { mtime: 4 })
    expect(hashTree(early, { times: false })).toBe(hashTree(late, { times: false }))
    expect(hashTree(early, { times: false })).not.toBe(hashTree(early))
  })

  test.each([
    ['a name', directory({ b: file() })],
    ['a mode', directory({ a: file(0, undefined, { mode: 0o600 }) })],
    ['an owner', directory({ a: file(0, undefined, { uid: 1 }) })],
    ['content', directory({ a: file(1, Buffer.alloc(32, 1)) })],
    ['a directory in it', directory({ a: file(), b: directory() })],
  ])('without times changes with %s', (_what, tree) => {
    expect(hashTree(tree, { times: false })).not.toBe(hashTree(directory({ a: file() }), { times: false }))
  })

  test.each([
    ['a name', directory({ b: file() })],
    ['a place', directory({ a: directory({}, { mode: 0o644 }) })],
    ['a mode', directory({ a: file(0, undefined, { mode: 0o600 }) })],
    ['an owner', directory({ a: file(0, undefined, { uid: 1 }) })],
    ['a group', directory({ a: file(0, undefined, { gid: 1 }) })],
    ['a time', directory({ a: file(0, undefined, { mtime: 1 }) })],
    ['a size', directory({ a: file(1) })],
    ['a kind', directory({ a: special('fifo', 0, 0, { mode: 0o644 }) })],
    ['the root', directory({ a: file() }, { mode: 0o700 })],
    ["the root's time", directory({ a: file() }, { mtime: 1 })],
    ['a directory around it', directory({ a: directory({ a: file() }) })],
  ])('changes with %s', (_what, tree) => {
    expect(hashTree(tree)).not.toBe(hashTree(directory({ a: file() })))
  })
})
