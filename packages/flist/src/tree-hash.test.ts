import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyTree, directory, file, special, symlink } from '../test/trees.ts'
import { hashTree } from './tree-hash.ts'

describe('the tree hash', () => {
  test('is sha256 over the serialisation its documentation describes', () => {
    const content = Buffer.from([...Array(16).fill(0xaa), ...Array(16).fill(0xbb)])
    const tree = directory({
      b: file(5, content),
      a: symlink('x', { mode: 0 }),
      'a-dir': directory({ c: special('character', 1, 3) }),
    })
    const serialised = [
      Buffer.from('tf-images tree 1\n').toString('hex'),
      node('d', '', 'ed010000'),
      node('l', 'a', 'ff010000'),
      '0100000078',
      node('d', 'a-dir', 'ed010000'),
      node('c', 'a-dir/c', '80010000'),
      '0100000003000000',
      node('f', 'b', 'a4010000'),
      '050000000000000001000000',
      'bb'.repeat(16),
    ].join('')
    expect(hashTree(tree)).toBe(createHash('sha256').update(serialised, 'hex').digest('hex'))
  })

  const node = (letter: string, path: string, mode: string) => {
    const length = Buffer.from([path.length, 0, 0, 0])
    return `${Buffer.concat([Buffer.from(letter), length, Buffer.from(path)]).toString('hex')}${mode}0000000000000000002f6859`
  }

  test('is that of all nodes together, however many and large they are', () => {
    const chunks = (count: number) =>
      Buffer.alloc(32 * count, Buffer.from([...Array(16).fill(0xaa), ...Array(16).fill(0xbb)]))
    const names = Array.from({ length: 3000 }, (_, i) => `a-name-of-some-length-${1000 + i}`)
    const large = file(2 ** 40 + 5, chunks(10_000), { mtime: 0 })
    const tree = directory(
      { ...Object.fromEntries(names.map((name) => [name, file(5, chunks(1), { mtime: 0 })])), large },
      { mtime: 0 },
    )
    const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
    const record = (timed: boolean, letter: string, path: string, ...rest: Buffer[]) =>
      Buffer.concat([
        Buffer.from(letter),
        u32(path.length),
        Buffer.from(path),
        u32(letter === 'd' ? 0o755 : 0o644),
        u32(0),
        u32(0),
        ...(timed ? [u32(0)] : []),
        ...rest,
      ])
    const keys = (count: number) => [u32(count), Buffer.alloc(16 * count, 0xbb)]
    for (const times of [true, false]) {
      const serialised = [
        Buffer.from(times ? 'tf-images tree 1\n' : 'tf-images tree 1 without times\n'),
        record(times, 'd', ''),
        ...names.map((name) => record(times, 'f', name, u32(5), u32(0), ...keys(1))),
        record(times, 'f', 'large', u32(5), u32(256), ...keys(10_000)),
      ]
      expect(hashTree(tree, { times })).toBe(createHash('sha256').update(Buffer.concat(serialised)).digest('hex'))
    }
  })

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
    const serialised = [
      Buffer.from('tf-images tree 1 without times\n').toString('hex'),
      `6400000000ed010000${'00'.repeat(8)}`,
    ].join('')
    const expected = createHash('sha256').update(serialised, 'hex').digest('hex')
    expect(hashTree(directory(), { times: false })).toBe(expected)
  })

  test.each([
    ['a name', directory({ b: file() })],
    ['a mode', directory({ a: file(0, undefined, { mode: 0o600 }) })],
    ['an owner', directory({ a: file(0, undefined, { uid: 1 }) })],
    ['content', directory({ a: file(1, Buffer.alloc(32, 1)) })],
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
  ])('changes with %s', (_what, tree) => {
    expect(hashTree(tree)).not.toBe(hashTree(directory({ a: file() })))
  })
})
