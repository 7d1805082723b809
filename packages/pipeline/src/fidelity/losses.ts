import { type ChunkList, clampTime } from '@tf-images/flist'
import { type DirectoryNode, type LayerEntry, type Node, pathAttributes, walkTree } from '@tf-images/rootfs'
import { JSON_PATH_BYTES, USUAL_OWNER } from './tree-fidelity.ts'

type TreeNode = Node<ChunkList>

/** What a flist does not hold of a tree: as a layer that gives it to a tree that was read from the flist. */
export type Losses = { readonly entries: readonly LayerEntry<ChunkList>[]; readonly nodes: ReadonlySet<TreeNode> }

/** Raised when other things are found of nodes (tree-fidelity.ts), or refused of trees: trees that were kept say what was found. */
export const LOSSES_VERSION = 1

/** Of paths and targets: more is no image that is worth to be kept. */
const MAX_PATH_BYTES = 16 << 20

/** Finds all nodes of which something is to be said; undefined for a tree with a socket, which no layer has, or with too many. */
export function findLosses(root: DirectoryNode<ChunkList>): Losses | undefined {
  const entries: LayerEntry<ChunkList>[] = []
  const nodes = new Set<TreeNode>()
  const firstPaths = new Map<TreeNode, string>()
  let pathBytes = 0
  for (const { path, node } of walkTree(root)) {
    const target = firstPaths.get(node)
    if (target === undefined && isHeldWhole(path, node)) {
      if (node.type !== 'directory') firstPaths.set(node, path)
      continue
    }
    if (node.type !== 'directory') firstPaths.set(node, target ?? path)
    pathBytes += path.length + (target?.length ?? 0)
    if (pathBytes > MAX_PATH_BYTES) return undefined
    // The first place of a hard link was passed over as whole: it is added now.
    if (!nodes.has(node)) {
      const entry = entryOf(target ?? path, node)
      if (entry === undefined) return undefined
      entries.push(entry)
      nodes.add(node)
    }
    if (target !== undefined) entries.push({ type: 'hardlink', target, ...pathAttributes(path, node) })
  }
  return { entries, nodes }
}

/** Whether a flist holds all of a node that is no hard link, and all known consumers show it: nothing is found of it. */
function isHeldWhole(path: string, node: TreeNode): boolean {
  const { mode, uid, gid, mtime, mtimeNanos, xattrs } = node
  if (mtimeNanos !== undefined || xattrs !== undefined || clampTime(mtime) !== mtime) return false
  if (uid > USUAL_OWNER || gid > USUAL_OWNER || path.length > JSON_PATH_BYTES) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: other names may be UTF-8 or not
  if (!/^[\x00-\x7f]*$/.test(path.slice(path.lastIndexOf('/') + 1))) return false
  if (node.type === 'symlink') return mode === 0o777
  return (node.type === 'file' || node.type === 'directory') && mode <= 0o777
}

function entryOf(path: string, node: TreeNode): LayerEntry<ChunkList> | undefined {
  const attributes = pathAttributes(path, node)
  switch (node.type) {
    case 'directory':
      return { type: 'directory', ...attributes }
    case 'file':
      return { type: 'file', ...attributes, size: node.size, content: node.content }
    case 'symlink':
      return { type: 'symlink', ...attributes, target: node.target }
    case 'socket':
      return undefined
    default:
      return { type: node.type, ...attributes, major: node.major, minor: node.minor }
  }
}
