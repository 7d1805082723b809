import { describe, expect, test } from 'vitest'
import { attributes, failure, tree } from '../test/apply.ts'
import { device, directory, type Fixtures, fifo, file, hardlink, symlink, whiteout } from '../test/layer-builder.ts'
import { applyLayers } from './apply-layers.ts'

describe('hard links', () => {
  test('are one node: to an entry of the same layer', async () => {
    expect(await tree({ b: file('x'), a: hardlink('b'), c: hardlink('./a') })).toEqual({
      a: 'file "x"',
      b: '= a',
      c: '= a',
    })
  })

  test('are one node: to an entry of a lower layer', async () => {
    expect(await tree({ 'd/b': file('x') }, { a: hardlink('/d/b') })).toEqual({
      a: 'file "x"',
      d: 'directory',
      'd/b': '= a',
    })
  })

  test('stay with the old file when the name they point to is replaced later', async () => {
    expect(await tree({ b: file('old'), a: hardlink('b') }, { b: file('new') })).toEqual({
      a: 'file "old"',
      b: 'file "new"',
    })
  })

  test('join the file of the lower layer when it comes before a new one', async () => {
    const upper: Fixtures = [
      ['a', hardlink('b')],
      ['b', file('new')],
    ]
    expect(await tree({ b: file('old') }, upper)).toEqual({ a: 'file "old"', b: 'file "new"' })
  })

  test('to a symbolic link are a second name of the link, not of what it points to', async () => {
    expect(await attributes({ t: file('x'), s: symlink('t'), a: hardlink('s', { uid: 5, mtime: 9 }) })).toMatchObject({
      a: '-> t 777 5:0 0',
      s: '= a 777 5:0 0',
      t: 'file "x" 644 0:0 0',
    })
  })

  test('to devices and fifos work as well', async () => {
    expect(await tree({ n: device(1, 3), f: fifo(), a: hardlink('n'), b: hardlink('f') })).toEqual({
      a: 'character 1,3',
      b: 'fifo 0,0',
      f: '= b',
      n: '= a',
    })
  })

  test('through a symbolic link are found inside the tree', async () => {
    const lower = { 'usr/lib/x': file('x'), lib: symlink('/usr/lib'), up: symlink('../../..') }
    expect(await tree(lower, { a: hardlink('lib/x'), b: hardlink('up/usr/lib/x') })).toMatchObject({
      a: 'file "x"',
      b: '= a',
    })
  })

  test('give the file the attributes of their own header', async () => {
    expect(
      await attributes({
        b: file('x', { mode: 0o755, mtime: 1 }),
        a: hardlink('b', { mode: 0o600, uid: 9, mtime: 2 }),
      }),
    ).toMatchObject({
      a: 'file "x" 600 9:0 2',
      b: '= a 600 9:0 2',
    })
  })

  test('add their extended attributes to those of the file', () => {
    const root = { mode: 0o644, uid: 0, gid: 0, mtime: 0 }
    const value = Uint8Array.of(1)
    const entries = [
      { ...root, type: 'file' as const, path: 'f', size: 0, content: '', xattrs: [['user.a', value]] as const },
      { ...root, type: 'hardlink' as const, path: 'g', target: 'f', xattrs: [['user.b', value]] as const },
    ]
    const names = applyLayers([{ name: '1', entries }])
      .children.get('f')
      ?.xattrs?.keys()
    expect([...(names ?? [])]).toEqual(['user.a', 'user.b'])
  })

  test.each<[string, Fixtures]>([
    ['itself', { a: hardlink('d/b'), 'd/.wh.b': whiteout() }],
    ['a directory above it', { a: hardlink('d/b'), '.wh.d': whiteout() }],
    ['all beside it', { a: hardlink('d/b'), 'd/.wh..wh..opq': whiteout() }],
    ['everything', { a: hardlink('d/b'), '.wh..wh..opq': whiteout() }],
  ])('keep a file of a lower layer that a whiteout behind them removes: %s', async (_, upper) => {
    const shown = await tree({ 'd/b': file('x'), 'd/c': hardlink('d/b') }, upper)
    expect(shown).toMatchObject({ a: 'file "x"' })
    expect(shown['d/b']).toBe(undefined)
  })

  test('to themselves change nothing', async () => {
    expect(await tree({ a: file('x'), './a': hardlink('a') })).toEqual({ a: 'file "x"' })
  })

  test('may replace the directory that has their target', async () => {
    expect(await tree({ 'a/b': file('x') }, { a: hardlink('a/b') })).toEqual({ a: 'file "x"' })
  })

  test.each([
    [
      'missing',
      [{ a: hardlink('usr/b') }],
      'layer 1, entry "a": a hard link to "usr/b", which is neither in a lower layer nor earlier in this one; rebuild the image',
    ],
    [
      'removed by a whiteout',
      [{ b: file() }, { '.wh.b': whiteout(), a: hardlink('b') }],
      'layer 2, entry "a": a hard link to "b", which is neither',
    ],
    [
      'later in the layer',
      [{ a: hardlink('b'), b: file() }],
      'layer 1, entry "a": a hard link to "b", which is neither',
    ],
    ['below a file', [{ b: file(), a: hardlink('b/c') }], 'layer 1, entry "a": a hard link to "b/c", which is neither'],
    [
      'a directory',
      [{ 'b/': directory(), a: hardlink('b') }],
      'layer 1, entry "a": a hard link to "b", which is a directory; rebuild the image',
    ],
    ['the root', [{ a: hardlink('/') }], 'layer 1, entry "a": a hard link to "", which is a directory'],
  ] satisfies [string, Fixtures[], string][])('to a target that is %s are refused', async (_, layers, message) => {
    const error = await failure(...layers)
    expect(error.message).toContain(message)
    expect(error).toMatchObject({ code: 'hardlink', entry: 'a' })
  })
})
