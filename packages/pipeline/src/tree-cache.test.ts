import { createHash } from 'node:crypto'
import { mkdir, mkdtempDisposable, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type ChunkList, FlistError, writeFlist } from '@tf-images/flist'
import { applyLayers, type DirectoryNode, type Layer, type LayerEntry, walkTree } from '@tf-images/rootfs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collectFindings } from './fidelity/findings.ts'
import { findLosses } from './fidelity/losses.ts'
import { addTreeFindings } from './fidelity/tree-fidelity.ts'
import { sumLayers } from './limits.ts'
import { chainIds, openTreeCache, type TreeCache } from './tree-cache.ts'

type Tree = DirectoryNode<ChunkList>
type Entry = LayerEntry<ChunkList>

/** Mostly what a flist holds whole, at few places, so that layers meet each other. */
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, fc.constantFrom(usual, ...others))
const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
  .chain((names) => mostly(names.join('/'), `${names.join('/')}\xff`))
const attributes = {
  path,
  mode: mostly(0o644, 0o755, 0o4755, 0o1777),
  uid: mostly(0, 1000, 70_000),
  gid: mostly(0, 0xffffffff),
  mtime: mostly(1_700_000_000, 5, -5),
}
const rare = {
  mtimeNanos: fc.constant(7),
  xattrs: fc.constant([['user.note', new Uint8Array([1])]] as [string, Uint8Array][]),
}
/** Some entries have what is rare. */
const withRare = (entry: fc.Arbitrary<Entry>): fc.Arbitrary<Entry> =>
  fc.oneof(
    { weight: 12, arbitrary: entry },
    fc.tuple(entry, fc.record(rare, { requiredKeys: [] })).map(([entry, more]) => ({ ...entry, ...more })),
  )
const content = (seed: number) => new Uint8Array(32).fill(seed + 1)
const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 3, arbitrary: withRare(fc.record({ ...attributes, type: fc.constant('directory' as const) })) },
  {
    weight: 5,
    arbitrary: withRare(
      fc
        .record({ ...attributes, type: fc.constant('file' as const), seed: fc.nat(3) })
        .map(({ seed, ...rest }): Entry => ({ ...rest, size: 100 + seed, content: content(seed) })),
    ),
  },
  fc.record({ ...attributes, mode: mostly(0o777, 0o700), type: fc.constant('symlink' as const), target: path }),
  fc.record({ ...attributes, type: fc.constant('hardlink' as const), target: path }),
  fc.record({
    ...attributes,
    type: fc.constantFrom('character' as const, 'block' as const, 'fifo' as const),
    major: fc.constant(1),
    minor: fc.nat(3),
  }),
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('whiteout' as const, 'opaque' as const), path }) },
)
const stack = fc
  .array(fc.array(entry, { maxLength: 10 }), { minLength: 1, maxLength: 4 })
  .map((layers) => layers.map((entries, index): Layer<ChunkList> => ({ name: `layer ${index}`, entries })))

/** Each place with what is there, and the first place of the same inode. */
function flatten(root: Tree) {
  const first = new Map<unknown, string>()
  return [...walkTree(root)].map(({ path, node }) => {
    if (!first.has(node)) first.set(node, path)
    const { mode, uid, gid, mtime, mtimeNanos, xattrs, type } = node
    const rest = type === 'file' ? [node.size, Buffer.from(node.content)] : type === 'symlink' ? [node.target] : []
    return { path, inode: first.get(node), type, mode, uid, gid, mtime, mtimeNanos, xattrs, rest }
  })
}

const findingsOf = (root: Tree) => {
  const findings = collectFindings()
  addTreeFindings(root, findings)
  return findings.finish()
}

/** What becomes of a tree: flist, summary and findings, or why nothing does. */
async function resultOf(folder: string, make: () => Tree) {
  try {
    const root = make()
    const findings = findingsOf(root)
    const summary = await writeFlist(root, {}, join(folder, 'out.flist'))
    const hash = createHash('sha256').update(await readFile(join(folder, 'out.flist')))
    return { findings, summary, hash: hash.digest('hex'), tree: flatten(root) }
  } catch (error) {
    return { error: String(error) }
  }
}

/** Keeps the tree of layers, which can be. */
async function keep(trees: TreeCache, chainId: string, layers: readonly Layer<ChunkList>[], sums = sumLayers(layers)) {
  const now = await trees.keep(chainId, applyLayers(layers), sums)
  if (!now) throw new Error('the tree was not kept')
  return now
}

test('layers on a tree that was kept give what all layers give', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'flist-trees-'))
  const trees = openTreeCache(join(folder.path, 'trees'))
  let runs = 0
  await fc.assert(
    fc.asyncProperty(stack, fc.nat(3), async (layers, place) => {
      const count = 1 + (place % layers.length)
      const all = await resultOf(folder.path, () => applyLayers(layers))
      fc.pre(!('error' in all) || all.error.startsWith('RootfsError'))
      const lower = await resultOf(folder.path, () => applyLayers(layers.slice(0, count)))
      fc.pre(!('error' in lower))
      const chainId = `chain ${runs++}`
      const now = await keep(trees, chainId, layers.slice(0, count))
      await now.saved
      expect(await resultOf(folder.path, () => applyLayers(layers.slice(count), now.root))).toEqual(all)
      const kept = await trees.load(chainId)
      if (!kept) throw new Error('nothing was kept')
      expect(kept.sums).toEqual(sumLayers(layers.slice(0, count)))
      expect(await resultOf(folder.path, () => applyLayers(layers.slice(count), kept.root))).toEqual(all)
    }),
    { numRuns: 400 },
  )
}, 120_000)

test('where nothing is lost, nothing is found', () => {
  fc.assert(
    fc.property(stack, (layers) => {
      let root: Tree
      try {
        root = applyLayers(layers)
      } catch {
        return
      }
      const losses = findLosses(root)
      expect(losses).toBeDefined()
      if (losses?.length === 0) expect(findingsOf(root)).toEqual([])
    }),
    { numRuns: 1000 },
  )
})

test('a chain of layers has the ID that the image specification gives it', () => {
  // sha256 of "sha256:aa sha256:bb", and of that, a space and "sha256:cc"
  expect(chainIds(['sha256:aa', 'sha256:bb', 'sha256:cc'])).toEqual([
    'sha256:aa',
    'sha256:b68ad689d6d1ec110ea1c13617437ad6f3766d4b3b309f6a603a222e07a0164f',
    'sha256:ced946a3b9b1c697ead0fa9bf9ad36e03198566077f3950076f64a4760acde1b',
  ])
  expect(chainIds([])).toEqual([])
})

describe('a kept tree', () => {
  const layers: Layer<ChunkList>[] = [
    {
      name: 'layer',
      entries: [
        { type: 'directory', path: 'bin', mode: 0o755, uid: 0, gid: 0, mtime: 1 },
        { type: 'file', path: 'bin/su', mode: 0o4755, uid: 0, gid: 0, mtime: 1, size: 5, content: content(1) },
      ],
    },
  ]
  const sums = { entries: 2, bytes: 5 }

  async function kept(work: (folder: string, path: string) => Promise<void>) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'flist-trees-'))
    await (await keep(openTreeCache(folder.path), 'chain', layers, sums)).saved
    const [name = ''] = await readdir(folder.path)
    await work(folder.path, join(folder.path, name))
  }

  test('is found by its chain only', () =>
    kept(async (folder) => {
      expect(await openTreeCache(folder).load('another')).toBeUndefined()
      expect(await openTreeCache(folder).load('chain')).toMatchObject({ sums })
    }))

  test.each<[string, Layer<ChunkList>[]]>([
    ['that is kept', layers],
    [
      'that can not be kept',
      [{ name: 'layer', entries: [{ type: 'directory', path: 'a', mode: 0o10000, uid: 0, gid: 0, mtime: 1 }] }],
    ],
  ])('that a store fails for is nothing to go on with: one %s', async (_, layers) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'flist-trees-'))
    const failing = setImmediate().then(() => Promise.reject(new FlistError('store-full', 'no space left')))
    const keeping = openTreeCache(folder.path).keep('chain', applyLayers(layers), sums, failing)
    await expect(keeping).rejects.toThrow('no space left')
    expect(await readdir(folder.path)).toEqual([])
  })

  /** A tree whose flist has several parts. */
  const large = (): Layer<ChunkList>[] => {
    const entries = Array.from({ length: 1800 }, (_, i): Entry[] => {
      const path = `${String.fromCharCode(97 + (i % 26))}/${i}`
      const rest = { uid: 0, gid: 0, mtime: i }
      return [
        { type: 'directory', path, mode: 0o755, ...rest },
        ...Array.from({ length: 12 }, (_, j): Entry => {
          return { type: 'file', path: `${path}/${j}`, mode: 0o644, ...rest, size: 5, content: content(i % 200) }
        }),
      ]
    })
    return [{ name: 'large', entries: entries.flat() }]
  }
  /** A large directory among the first: what comes behind it has another place. */
  const top: Layer<ChunkList> = {
    name: 'top',
    entries: Array.from({ length: 700 }, (_, i): Entry => {
      const rest = { mode: 0o644, uid: 0, gid: 0, mtime: 1 }
      return { type: 'file', path: `b/new/${i}`, ...rest, size: 5, content: content(1) }
    }),
  }

  test('is written with the parts of the flist before, wherever they were kept', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'flist-trees-'))
    const output = join(folder.path, 'out.flist')
    const cache = join(folder.path, 'trees')
    const partsFile = async () =>
      join(cache, (await readdir(cache)).find((name) => name.endsWith('.parts')) ?? 'no parts')
    const now = await keep(openTreeCache(cache), 'chain', large(), sums)
    await now.saved
    await writeFlist(now.root, {}, output)
    await now.saveParts?.()
    const parts = (await readFile(await partsFile())).toString('base64')
    const expected = await resultOf(folder.path, () => applyLayers([...large(), top]))

    const next = async () => {
      const kept = await openTreeCache(cache).load('chain')
      if (!kept) throw new Error('nothing was kept')
      const result = await resultOf(folder.path, () => applyLayers([top], kept.root))
      await kept.saveParts()
      expect(result).toEqual(expected)
      return (await readFile(await partsFile())).toString('base64')
    }
    const changed = await next()
    expect(changed === parts).toBe(false)
    // Nothing new, nothing written.
    const { mtimeMs } = await stat(await partsFile())
    expect((await next()) === changed).toBe(true)
    expect((await stat(await partsFile())).mtimeMs).toBe(mtimeMs)
    // Parts that are damaged, or those of another tree, are made again.
    await truncate(await partsFile(), 5000)
    expect((await next()) === changed).toBe(true)
    const other = await keep(openTreeCache(cache), 'another', large(), sums)
    await writeFlist(other.root, {}, output)
    const mine = await partsFile()
    await other.saveParts?.()
    const others = (await readdir(cache))
      .map((name) => join(cache, name))
      .find((file) => /parts$/.test(file) && file !== mine)
    await rename(others ?? '', mine)
    expect((await next()) === changed).toBe(true)
    // Where they can be neither read nor written, they are done without.
    await rm(mine)
    await mkdir(mine)
    const kept = await openTreeCache(cache).load('chain')
    expect(await resultOf(folder.path, () => applyLayers([top], kept?.root))).toEqual(expected)
    await kept?.saveParts()
    expect(await readdir(mine)).toEqual([])
  })

  test.each<[string, (path: string) => Promise<void>]>([
    ['cut off', (path) => truncate(path, 100)],
    ['empty', (path) => truncate(path, 0)],
    ['something else', (path) => writeFile(path, 'something else')],
    [
      'changed in one bit',
      async (path) => {
        const bytes = await readFile(path)
        bytes[90] = (bytes[90] ?? 0) ^ 1
        await writeFile(path, bytes)
      },
    ],
  ])('that is %s is deleted', (_, damage) =>
    kept(async (folder, path) => {
      await damage(path)
      expect(await openTreeCache(folder).load('chain')).toBeUndefined()
      expect(await readdir(folder)).toEqual([])
    }),
  )

  test('of another chain, under the name of this one, is deleted', () =>
    kept(async (folder, path) => {
      await (await keep(openTreeCache(folder), 'another', layers, sums)).saved
      const other = (await readdir(folder)).map((name) => join(folder, name)).find((file) => file !== path) ?? ''
      await writeFile(path, await readFile(other))
      expect(await openTreeCache(folder).load('chain')).toBeUndefined()
      expect(await openTreeCache(folder).load('another')).toBeDefined()
    }))
})
