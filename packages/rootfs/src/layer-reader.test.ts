import { describe, expect, test } from 'vitest'
import {
  directory,
  file,
  hardlink,
  layer,
  once,
  show,
  symlink,
  tarOf,
  textStore,
  whiteout,
} from '../test/layer-builder.ts'
import { block, END, member, pax, slices } from '../test/tar-builder.ts'
import { readLayer, readRootTar } from './layer-reader.ts'

const raw = (...parts: Buffer[]) => slices(Buffer.concat([...parts, END]))

describe('readLayer', () => {
  test('is the changes in the order of the archive, content replaced by what the store made of it', async () => {
    const fixtures = {
      './etc/': directory({ mode: 0o750, uid: 1, gid: 2, mtime: 3 }),
      './etc/passwd': file('root', { mode: 0o600 }),
      'bin/sh': symlink('/bin/busybox'),
      'bin/ls': hardlink('./bin/sh'),
      'etc/.wh.shadow': whiteout(),
      'var/.wh..wh..opq': whiteout(),
    }
    const root = { uid: 0, gid: 0, mtime: 0 }
    expect(await layer(fixtures, 'sha256:abc')).toEqual({
      name: 'sha256:abc',
      entries: [
        { type: 'directory', path: 'etc', mode: 0o750, uid: 1, gid: 2, mtime: 3 },
        { type: 'file', path: 'etc/passwd', mode: 0o600, ...root, size: 4, content: 'root' },
        { type: 'symlink', path: 'bin/sh', mode: 0o777, ...root, target: '/bin/busybox' },
        { type: 'hardlink', path: 'bin/ls', mode: 0o644, ...root, target: 'bin/sh' },
        { type: 'whiteout', path: 'etc/shadow' },
        { type: 'opaque', path: 'var' },
      ],
    })
  })

  test('is plain data: JSON keeps it, names that are no UTF-8 included', async () => {
    const archive = raw(
      pax([
        ['mtime', '-1.5'],
        ['SCHILY.xattr.user.x', 'v'],
      ]),
      member({ name: 'caf\xe9' }, 'x'),
      block({ name: 'null', typeflag: '3', major: 1, minor: 3 }),
    )
    const { entries } = await readLayer(archive, textStore())
    const bytes = Buffer.from('v')
    expect(entries).toMatchObject([
      { path: 'caf\xe9', mtimeNanos: 500_000_000, xattrs: [['user.x', Uint8Array.from(bytes)]] },
      {},
    ])
    const plain = entries.map((entry) => ('xattrs' in entry ? { ...entry, xattrs: 'bytes' } : entry))
    expect(JSON.parse(JSON.stringify(plain))).toEqual(plain)
  })

  test('opens the store once for each regular file, in order, with the logical size', async () => {
    const calls: string[] = []
    const store = {
      open: (size: number) => {
        calls.push(`open ${size}`)
        return {
          write: async (bytes: Uint8Array) => void calls.push(`write ${bytes.length}`),
          end: async () => calls.push('end'),
        }
      },
    }
    const sparse = [
      pax([
        ['GNU.sparse.size', '9'],
        ['GNU.sparse.map', '4,1'],
      ]),
      member({ name: 'sparse' }, 'x'),
    ]
    const archive = raw(
      member({ name: 'a' }),
      member({ name: 'd', typeflag: '5' }),
      member({ name: 'b' }, 'xyz'),
      ...sparse,
    )
    const { entries } = await readLayer(archive, store)
    expect(calls).toEqual([
      'open 0',
      'end',
      'open 3',
      'write 3',
      'end',
      'open 9',
      'write 4',
      'write 1',
      'write 4',
      'end',
    ])
    expect(entries.map((entry) => ('content' in entry ? entry.content : undefined))).toEqual([2, undefined, 5, 10])
  })

  test('whiteouts and aufs metadata have no content', async () => {
    const archive = raw(member({ name: '.wh.a' }, 'x'), member({ name: '.wh..wh.aufs' }, 'x'))
    const store = {
      open: () => {
        throw new Error('must not be called')
      },
    }
    expect((await readLayer(archive, store)).entries).toEqual([{ type: 'whiteout', path: 'a' }])
  })

  test.each([
    ['a name that leaves the root', member({ name: '../etc/passwd' }, 'x'), 'path'],
    ['a whiteout of the parent', member({ name: 'a/.wh...' }), 'whiteout'],
    ['a hard link out of the root', block({ typeflag: '1', linkName: '../x' }), 'path'],
    ['a symbolic link to nothing', block({ typeflag: '2' }), 'corrupt'],
  ])('%s is refused, naming layer, entry and offset', async (_, entry, code) => {
    const before = member({ name: 'before' }, 'x')
    const error = await readLayer(raw(before, entry), textStore(), { name: 'layer 2' }).catch((reason) => reason)
    expect(error.message).toMatch(/^layer 2, entry "[^"]*" at byte 1024: .*; /)
    expect(error).toMatchObject({ code, offset: 1024 })
  })

  test('memory does not grow with content', async () => {
    const chunk = Buffer.alloc(256 * 1024, 'x')
    async function* gigabyte() {
      yield block({ name: 'large', size: 2 ** 30 })
      for (let left = 2 ** 30; left > 0; left -= chunk.length) yield chunk
      yield pax([
        ['GNU.sparse.size', `${2 ** 33}`],
        ['GNU.sparse.map', '0,0'],
      ])
      yield block({ name: 'hole' })
    }
    const before = process.memoryUsage()
    let bytes = 0
    const write = (part: Uint8Array) => {
      bytes += part.length
    }
    const count = { open: () => ({ write, end: () => 0 }) }
    expect((await readLayer(gigabyte(), count)).entries).toHaveLength(2)
    const after = process.memoryUsage()
    expect(bytes).toBe(2 ** 30 + 2 ** 33)
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16 * 2 ** 20)
    expect(after.rss - before.rss).toBeLessThan(128 * 2 ** 20)
  })

  test('the depth of paths is limited', async () => {
    const deep = raw(member({ name: 'a/b/c/d' }))
    await expect(readLayer(deep, textStore(), { limits: { pathDepth: 3 } })).rejects.toMatchObject({ code: 'limit' })
  })
})

describe('readRootTar', () => {
  test('is a tree in which names like those of whiteouts are ordinary files', async () => {
    const archive = await tarOf({
      './': directory({ mode: 0o700, uid: 5 }),
      './a/': directory(),
      './a/b': file('x'),
      './.wh.a': file('not a whiteout'),
      './a/.wh..wh..opq': file(),
      './.wh..wh.plnk/': directory(),
      './.wh..wh.plnk/1.2': file('y'),
    })
    const root = await readRootTar(once(archive), textStore())
    expect(root).toMatchObject({ mode: 0o700, uid: 5 })
    expect(show(root)).toEqual({
      '.wh..wh.plnk': 'directory',
      '.wh..wh.plnk/1.2': 'file "y"',
      '.wh.a': 'file "not a whiteout"',
      a: 'directory',
      'a/.wh..wh..opq': 'file ""',
      'a/b': 'file "x"',
    })
  })

  test('absolute names are refused', async () => {
    const error = await readRootTar(raw(member({ name: '/etc/x' })), textStore()).catch((reason) => reason)
    expect(error.message).toBe(
      'root tar, entry "/etc/x" at byte 0: its name is absolute; archive the root with relative names (tar -C ROOT -c .)',
    )
  })

  test('an empty archive is an empty root', async () => {
    const root = await readRootTar(raw(), textStore())
    expect(root).toEqual({ type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0, children: new Map() })
  })
})
