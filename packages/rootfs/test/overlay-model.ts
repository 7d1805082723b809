import type { Layer, LayerEntry } from '../src/layer.ts'

/** What the model keeps of an inode; `inode` tells hard links from copies. */
type Inode = { inode: number; type: string; data: string; mode: number }

/** A tree as a flat map from paths to inodes. */
export type FlatTree = ReadonlyMap<string, Inode>

/** The model has no answer: the layers do what other tests look at. */
export class OutsideModel extends Error {}

/**
 * A second, naive reading of the OCI rules for layers, to test the real one against: paths are strings in a map,
 * "below" is a common prefix, and every step looks at the whole map. Links are never followed: a layer that has an
 * entry below a non-directory of its own is outside the model.
 */
export function applyNaively(layers: readonly Layer<string>[]): FlatTree {
  let tree = new Map<string, Inode>()
  let inodes = 0
  const isBelow = (path: string, parent: string) => path.startsWith(`${parent}/`)
  for (const { entries } of layers) {
    for (const { type, path } of entries) {
      const isHidden = (other: string) =>
        (type === 'whiteout' && (other === path || isBelow(other, path))) ||
        (type === 'opaque' && isBelow(other, path) && tree.get(path)?.type === 'directory')
      tree = new Map([...tree].filter(([other]) => !isHidden(other)))
    }
    const own = new Set<string>()
    const put = (path: string, inode: Inode) => {
      const keepsContent = inode.type === 'directory' && tree.get(path)?.type === 'directory'
      if (!keepsContent) for (const other of [...tree.keys()]) if (isBelow(other, path)) tree.delete(other)
      tree.set(path, inode)
      own.add(path)
    }
    for (const entry of entries) {
      if (entry.type === 'whiteout' || entry.type === 'opaque') continue
      const names = entry.path.split('/')
      for (let depth = 1; depth < names.length; depth++) {
        const parent = names.slice(0, depth).join('/')
        const found = tree.get(parent)
        if (found?.type === 'directory') continue
        if (found !== undefined && own.has(parent)) throw new OutsideModel(parent)
        put(parent, { inode: inodes++, type: 'directory', data: '', mode: 0o755 })
      }
      put(
        entry.path,
        inodeOf(entry, tree, () => inodes++),
      )
    }
  }
  return tree
}

function inodeOf(
  entry: Exclude<LayerEntry<string>, { type: 'whiteout' | 'opaque' }>,
  tree: Map<string, Inode>,
  next: () => number,
): Inode {
  const { type, mode } = entry
  if (type === 'file') return { inode: next(), type, data: entry.content, mode }
  if (type === 'symlink') return { inode: next(), type, data: entry.target, mode }
  if (type !== 'hardlink') return { inode: next(), type, data: '', mode }
  const target = tree.get(entry.target)
  if (target === undefined || target.type === 'directory') throw new OutsideModel(entry.target)
  if (target.type !== 'symlink') target.mode = mode
  return target
}
