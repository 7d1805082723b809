import { describe, expect, test } from 'vitest'
import { attributes, tree } from '../test/apply.ts'
import { directory, type Fixtures, file, hardlink, symlink, whiteout } from '../test/layer-builder.ts'

describe('whiteouts', () => {
  const lower = { 'a/': directory(), 'a/x': file(), 'a/y/': directory(), 'a/y/z': file(), b: file() }

  test('remove a file, or a directory with all below it', async () => {
    expect(await tree(lower, { 'a/.wh.x': whiteout(), '.wh.b': whiteout() })).toEqual({
      a: 'directory',
      'a/y': 'directory',
      'a/y/z': 'file ""',
    })
    expect(await tree(lower, { '.wh.a': whiteout() })).toEqual({ b: 'file ""' })
  })

  test.each([
    [
      'before',
      [
        ['.wh.a', whiteout()],
        ['a/', directory()],
        ['a/new', file('x')],
      ],
    ],
    [
      'after',
      [
        ['a/', directory()],
        ['a/new', file('x')],
        ['.wh.a', whiteout()],
      ],
    ],
    [
      'between',
      [
        ['a/', directory()],
        ['.wh.a', whiteout()],
        ['a/new', file('x')],
      ],
    ],
  ] satisfies [string, Fixtures][])(
    '%s entries of the same path only remove what lower layers have',
    async (_, upper) => {
      expect(await tree(lower, upper)).toEqual({ a: 'directory', 'a/new': 'file "x"', b: 'file ""' })
    },
  )

  test.each([
    [
      'before',
      [
        ['a/.wh..wh..opq', whiteout()],
        ['a/', directory()],
        ['a/new', file('x')],
      ],
    ],
    [
      'after',
      [
        ['a/', directory()],
        ['a/new', file('x')],
        ['a/.wh..wh..opq', whiteout()],
      ],
    ],
  ] satisfies [string, Fixtures][])(
    'opaque ones %s their siblings only hide what lower layers have',
    async (_, upper) => {
      expect(await tree(lower, upper)).toEqual({ a: 'directory', 'a/new': 'file "x"', b: 'file ""' })
    },
  )

  test('an opaque one keeps its directory, with its attributes', async () => {
    const owned = { 'a/': directory({ mode: 0o700, uid: 7 }), 'a/x': file() }
    expect(await attributes(owned, { 'a/.wh..wh..opq': whiteout() })).toMatchObject({ a: 'directory 700 7:0 0' })
  })

  test('an opaque root hides everything', async () => {
    expect(await tree(lower, { '.wh..wh..opq': whiteout(), new: file() })).toEqual({ new: 'file ""' })
  })

  test('of what is not there do nothing, and make no directories', async () => {
    const upper = {
      '.wh.none': whiteout(),
      'none/.wh.x': whiteout(),
      'none/.wh..wh..opq': whiteout(),
      'b/.wh.x': whiteout(),
    }
    expect(await tree(lower, upper)).toEqual(await tree(lower))
  })

  test('do not follow symbolic links', async () => {
    const linked = { ...lower, link: symlink('a') }
    expect(await tree(linked, { 'link/.wh.x': whiteout(), 'link/.wh..wh..opq': whiteout() })).toEqual(
      await tree(linked),
    )
  })

  test('remove one name of a hard-linked file, the others live on', async () => {
    const linked = { 'd/': directory(), 'd/x': file('kept'), y: hardlink('d/x'), z: hardlink('d/x') }
    expect(await tree(linked, { '.wh.d': whiteout() })).toEqual({ y: 'file "kept"', z: '= y' })
  })

  test('only reach down: the next layer may bring the path back', async () => {
    expect(await tree(lower, { '.wh.a': whiteout() }, { 'a/x': file('again') })).toEqual({
      a: 'directory',
      'a/x': 'file "again"',
      b: 'file ""',
    })
  })

  test('metadata of aufs is not in the tree, its linked files are at the names that link to them', async () => {
    const aufs = {
      '.wh..wh.aufs': file('x'),
      '.wh..wh.orph/': directory(),
      '.wh..wh.plnk/': directory(),
      '.wh..wh.plnk/1.2': file('linked'),
      x: hardlink('.wh..wh.plnk/1.2'),
      y: hardlink('/.wh..wh.plnk/1.2'),
    }
    expect(await tree(aufs)).toEqual({ x: 'file "linked"', y: '= x' })
  })
})
