import { describe, expect, test } from 'vitest'
import { apply, attributes, failure, tree } from '../test/apply.ts'
import { device, directory, fifo, file, hardlink, layer, symlink, whiteout } from '../test/layer-builder.ts'
import { applyLayers } from './apply-layers.ts'

describe('a layer over another', () => {
  test('adds and replaces', async () => {
    const lower = { 'etc/': directory(), 'etc/a': file('old'), 'etc/b': file('b') }
    expect(await tree(lower, { 'etc/a': file('new'), 'etc/c': file('c') })).toEqual({
      etc: 'directory',
      'etc/a': 'file "new"',
      'etc/b': 'file "b"',
      'etc/c': 'file "c"',
    })
  })

  test('a directory over a directory changes its attributes and keeps its content', async () => {
    const lower = { 'etc/': directory({ mode: 0o700, uid: 1, mtime: 9 }), 'etc/a': file() }
    expect(await attributes(lower, { 'etc/': directory({ mode: 0o2755, gid: 8, mtime: 7 }) })).toMatchObject({
      etc: 'directory 2755 0:8 7',
      'etc/a': 'file "" 644 0:0 0',
    })
  })

  test('all attributes are replaced: what the new entry lacks is gone', async () => {
    const root = { uid: 0, gid: 0, mode: 0o755 }
    const old = {
      ...root,
      type: 'directory' as const,
      path: 'd',
      mtime: 1,
      mtimeNanos: 5,
      xattrs: [['user.x', Uint8Array.of(1)]] as const,
    }
    const next = { ...root, type: 'directory' as const, path: 'd', mtime: 2 }
    const top = applyLayers([
      { name: '1', entries: [old] },
      { name: '2', entries: [next] },
    ])
    expect(top.children.get('d')).toStrictEqual({ ...root, type: 'directory', mtime: 2, children: new Map() })
  })

  test.each([
    ['a file', { a: file('x') }, { a: 'file "x"' }],
    ['a symbolic link', { a: symlink('t') }, { a: '-> t' }],
    ['a device', { a: device(1, 3) }, { a: 'character 1,3' }],
    ['a fifo', { a: fifo() }, { a: 'fifo 0,0' }],
    ['a hard link', { f: file('x'), a: hardlink('f') }, { a: 'file "x"', f: '= a' }],
  ])('%s over a directory removes all that was in it', async (_, upper, expected) => {
    const lower = { 'a/': directory(), 'a/b/': directory(), 'a/b/c': file() }
    expect(await tree(lower, upper)).toEqual(expected)
    expect(await tree({ ...lower, ...Object.fromEntries(Object.entries(upper)) })).toEqual(expected)
  })

  test.each([
    ['a file', file('x')],
    ['a symbolic link', symlink('elsewhere')],
    ['a device', device(1, 3)],
  ])('a directory over %s replaces it', async (_, old) => {
    expect(await tree({ a: old, elsewhere: file() }, { 'a/': directory(), 'a/b': file('x') })).toEqual({
      a: 'directory',
      'a/b': 'file "x"',
      elsewhere: 'file ""',
    })
  })

  test('the root takes the attributes of its entry, and must be a directory', async () => {
    expect(await attributes({ './': directory({ mode: 0o711, uid: 3, mtime: 4 }) })).toEqual({
      '': 'directory 711 3:0 4',
    })
    expect(await attributes({})).toEqual({ '': 'directory 755 0:0 0' })
    expect((await failure({ './.': file('x') })).message).toBe(
      'layer 1, entry "": the root must be a directory; rebuild the image',
    )
  })

  test('of two entries with one path the later one holds', async () => {
    expect(
      await tree([
        ['a', file('1')],
        ['b', file('2')],
        ['a', symlink('3')],
        ['b', directory()],
        ['./b/', directory()],
      ]),
    ).toEqual({
      a: '-> 3',
      b: 'directory',
    })
  })

  test('layers are not changed and can be applied again', async () => {
    const layers = [
      await layer({ 'd/': directory(), 'd/f': file('x', { mode: 0o755 }) }),
      await layer({ 'd/.wh..wh..opq': whiteout(), g: hardlink('d/f', { mode: 0o600 }) }),
    ]
    const copy = structuredClone(layers)
    const first = applyLayers(layers.slice(0, 1))
    expect(() => applyLayers(layers)).toThrow('hard link')
    expect(layers).toEqual(copy)
    expect(applyLayers(layers.slice(0, 1))).toEqual(first)
  })
})

describe('missing parents', () => {
  test('are made with mode 0755, owner 0:0 and mtime 0', async () => {
    expect(await attributes({ 'a/b/c': file('x', { mtime: 5 }) })).toMatchObject({
      a: 'directory 755 0:0 0',
      'a/b': 'directory 755 0:0 0',
      'a/b/c': 'file "x" 644 0:0 5',
    })
  })

  test('take attributes that follow in the same layer', async () => {
    expect(await attributes({ 'a/b': file(), 'a/': directory({ mode: 0o700 }) })).toMatchObject({
      a: 'directory 700 0:0 0',
    })
  })

  test('that lower layers have stay as they are', async () => {
    const lower = { 'a/': directory({ mode: 0o700, uid: 7, mtime: 9 }) }
    expect(await attributes(lower, { 'a/b': file() })).toMatchObject({ a: 'directory 700 7:0 9' })
  })
})

describe('parents that are no directories', () => {
  const merged = { 'usr/lib/': directory(), lib: symlink('usr/lib') }

  test('a symbolic link of a lower layer becomes a directory, as in an overlay mount', async () => {
    expect(await tree(merged, { 'lib/x': file('x') })).toEqual({
      lib: 'directory',
      'lib/x': 'file "x"',
      usr: 'directory',
      'usr/lib': 'directory',
    })
  })

  test('so does a file of a lower layer', async () => {
    expect(await tree({ a: file() }, { 'a/b': file('x') })).toEqual({ a: 'directory', 'a/b': 'file "x"' })
  })

  test.each([
    ['relative', 'usr/lib'],
    ['absolute', '/usr/lib'],
    ['out of the root, which is not left', '../../../usr/lib'],
    ['through another link', 'lib64/.'],
    ['with a way back', 'usr/../usr//./lib/'],
  ])('a symbolic link of the same layer is followed: %s', async (_, target) => {
    const own = { 'usr/lib/': directory(), lib64: symlink('usr/lib'), lib: symlink(target), 'lib/x': file('x') }
    expect(await tree(own)).toMatchObject({ lib: `-> ${target}`, 'usr/lib/x': 'file "x"' })
  })

  test('a link of the same layer may lead to the root', async () => {
    expect(await tree({ up: symlink('../..'), 'up/x': file('x') })).toEqual({ up: '-> ../..', x: 'file "x"' })
  })

  test('a link of the same layer that was replaced by way of itself is not followed any more', async () => {
    const own = { up: symlink('.'), 'up/up/': directory(), 'up/x': file('x') }
    expect(await tree(own)).toEqual({ up: 'directory', 'up/x': 'file "x"' })
  })

  test('what a link of the same layer leads to may be in a lower layer, or missing', async () => {
    expect(await tree({ 'usr/lib/': directory() }, { lib: symlink('usr/lib'), 'lib/x': file() })).toMatchObject({
      lib: '-> usr/lib',
      'usr/lib/x': 'file ""',
    })
    expect(await tree({ lib: symlink('nowhere'), 'lib/x': file() })).toEqual({
      lib: '-> nowhere',
      nowhere: 'directory',
      'nowhere/x': 'file ""',
    })
  })

  test('an entry below a file of the same layer is refused', async () => {
    const error = await failure({ 'd/a': file(), 'd/a/b': file() })
    expect(error.message).toBe('layer 1, entry "d/a/b": "a" above it is a file of the same layer; rebuild the image')
    expect(error.code).toBe('conflict')
  })

  test('links that go in a circle are refused', async () => {
    const error = await failure({ a: symlink('b'), b: symlink('a'), 'a/x': file() })
    expect(error.message).toBe('layer 1, entry "a/x": the symbolic links above it go in a circle; rebuild the image')
  })
})

test('names of objects of JavaScript are names like any other', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const root = await apply(names.map((name) => [name, file(name)] as const))
  expect([...root.children.keys()]).toEqual(names)
})

test('more missing parents than any image has are refused', async () => {
  const names = Array.from({ length: 501 }, (_, index) => `${index}/${Array(1999).fill('d').join('/')}/f`)
  const common = { type: 'fifo' as const, mode: 0, uid: 0, gid: 0, mtime: 0, major: 0, minor: 0 }
  const entries = names.map((path) => ({ ...common, path }))
  expect(() => applyLayers([{ name: 'bomb', entries }])).toThrow(
    'more than 1000000 directories have no entry of their own',
  )
})

test('a path of 2048 components does no harm', async () => {
  const path = Array(2048).fill('d').join('/')
  expect(Object.keys(await tree({ [path]: file('x') }))).toHaveLength(2048)
})
