import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { exportedByDocker } from '../test/docker-engine.ts'
import {
  device,
  directory,
  type Fixtures,
  fifo,
  file,
  hardlink,
  once,
  symlink,
  tarOf,
  textStore,
  whiteout,
} from '../test/layer-builder.ts'
import { applyLayers } from './apply-layers.ts'
import { readLayer, readRootTar } from './layer-reader.ts'
import type { DirectoryNode } from './tree.ts'
import { walkTree } from './walk-tree.ts'

/** What an engine puts into every container. */
const ENGINE = /^(dev|proc|sys|etc|\.dockerenv)(\/|$)/

/** Everything but the times of directories: for those it makes itself the engine takes the time of day. */
function facts(root: DirectoryNode<string>): Record<string, object> {
  const first = new Map<unknown, string>()
  const all: Record<string, object> = {}
  for (const { path, node } of walkTree(root)) {
    if (path === '' || ENGINE.test(path)) continue
    if (!first.has(node)) first.set(node, path)
    const { xattrs, ...rest } = node
    const plain = { ...rest, inode: first.get(node), xattrs: [...(xattrs ?? [])] }
    all[path] = node.type === 'directory' ? { ...plain, children: undefined, mtime: undefined } : plain
  }
  return all
}

async function both(layers: readonly Fixtures[]) {
  const archives = await Promise.all(layers.map(tarOf))
  const ours = applyLayers(await Promise.all(archives.map((archive) => readLayer(once(archive), textStore()))))
  const docker = exportedByDocker(`rootfs-e2e-${randomUUID()}`, archives)
  return { ours: facts(ours), docker: facts(await readRootTar(docker, textStore())) }
}

const capability = { 'SCHILY.xattr.security.capability': '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0' }
const merged = { 'usr/': directory(), 'usr/lib/': directory(), 'usr/lib/a': file('a'), lib: symlink('usr/lib') }
const lower = {
  'a/': directory({ mode: 0o700, uid: 7 }),
  'a/x': file('x'),
  'a/y/': directory(),
  'a/y/z': file(),
  b: file('b'),
}

describe('the tree is what Docker makes of the same layers', () => {
  test.each<[string, Fixtures[]]>([
    [
      'kinds and attributes',
      [
        {
          'd/': directory({ mode: 0o1777, uid: 5, gid: 6 }),
          'd/f': file('x', { mode: 0o6755, uid: 100_000, mtime: 1_234_567_890 }),
          l: symlink('d/f', { uid: 3 }),
          'd/null': device(1, 3),
          p: fifo(),
        },
      ],
    ],
    ['capabilities of files', [{ ping: { ...file('x', { mode: 0o755 }), pax: capability } }]],
    ['files replaced and added', [lower, { 'a/': directory(), 'a/x': file('new'), c: file('c') }]],
    ['a directory over a file', [lower, { 'b/': directory(), 'b/c': file() }]],
    ['a file over a directory', [lower, { a: file('a') }]],
    ['a symbolic link over a directory', [lower, { a: symlink('b') }]],
    ['whiteouts', [lower, { 'a/': directory(), 'a/.wh.x': whiteout(), '.wh.b': whiteout() }]],
    ['a whiteout of a directory', [lower, { '.wh.a': whiteout() }]],
    ['a whiteout, then the path again', [lower, { '.wh.a': whiteout() }, { 'a/': directory(), 'a/new': file() }]],
    ['an opaque directory', [lower, { 'a/': directory(), 'a/.wh..wh..opq': whiteout(), 'a/new': file() }]],
    [
      'an opaque directory, its marker last',
      [lower, { 'a/': directory(), 'a/new': file(), 'a/.wh..wh..opq': whiteout() }],
    ],
    [
      'hard links',
      [
        {
          b: file('x', { mode: 0o755 }),
          a: hardlink('b', { mode: 0o600, uid: 9, mtime: 77 }),
          c: hardlink('/b', { mode: 0o640 }),
        },
      ],
    ],
    [
      'hard links to symbolic links and devices',
      [
        {
          s: symlink('t'),
          t: hardlink('s', { uid: 5, mtime: 99 }),
          n: device(1, 3),
          m: hardlink('n', { mode: 0o600 }),
        },
      ],
    ],
    ['a hard link whose other name is replaced', [{ b: file('old'), a: hardlink('b') }, { b: file('new') }]],
    [
      'a hard link whose other name is removed',
      [{ 'd/': directory(), 'd/b': file('old'), e: hardlink('d/b') }, { '.wh.d': whiteout() }],
    ],
    ['missing parents', [{ 'p/q/r': file() }]],
    ['a lower symbolic link as parent', [merged, { 'lib/b': file('b') }]],
    ['a directory over a lower symbolic link', [merged, { 'lib/': directory(), 'lib/b': file('b') }]],
    ['a lower file as parent', [lower, { 'b/c': file('c') }]],
    ['an own symbolic link as parent', [{ ...merged, 'lib/b': file('b') }]],
    ['an own absolute symbolic link as parent', [{ 'usr/': directory(), lib: symlink('/usr'), 'lib/b': file('b') }]],
    [
      'an own symbolic link out of the root as parent',
      [{ 'x/': directory(), lib: symlink('../../x'), 'lib/b': file('b') }],
    ],
    ['absolute names', [{ '/usr/': directory(), '/usr/x': file() }]],
    [
      'names that are unusual',
      [
        {
          'ünï/': directory(),
          'ünï/日本': file(),
          'a\nb': file(),
          [`${'long/'.repeat(60)}x`]: file(),
          '-rf': file(),
          ' ': file(),
        },
      ],
    ],
  ])('%s', async (_, layers) => {
    const { ours, docker } = await both(layers)
    expect(ours).toEqual(docker)
  })

  test.each<[string, Fixtures[]]>([
    ['a hard link to nothing', [{ a: hardlink('none') }]],
    ['a hard link before its target', [{ a: hardlink('b'), b: file() }]],
    ['a hard link to a directory', [{ 'd/': directory(), a: hardlink('d') }]],
    ['an entry below a file', [{ a: file(), 'a/b': file() }]],
  ])('and what it refuses is refused: %s', async (_, layers) => {
    const archives = await Promise.all(layers.map(tarOf))
    await expect(readRootTar(exportedByDocker(`rootfs-e2e-${randomUUID()}`, archives), textStore())).rejects.toThrow(
      'Error processing tar file',
    )
    const read = await Promise.all(archives.map((archive) => readLayer(once(archive), textStore())))
    expect(() => applyLayers(read)).toThrow()
  })
})
