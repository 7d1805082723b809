import { type ChunkList, clampTime } from '@tf-images/flist'
import { type DirectoryNode, type LayerEntry, type Node, pathAttributes, walkTree } from '@tf-images/rootfs'
import { JSON_PATH_BYTES, USUAL_OWNER } from './tree-fidelity.ts'

type TreeNode = Node<ChunkList>

/** Raised when other things are found of nodes (tree-fidelity.ts), or refused of trees: trees that were kept say what was found. */
export const LOSSES_VERSION = 2

/** Of paths and targets: more is no image that is worth to be kept. */
const MAX_PATH_BYTES = 16 << 20

/**
 * The nodes of which something is to be said as the entries of a layer, with all directories above them. Undefined for a tree with a
 * socket, which no layer has, or with too many.
 */
export function findLosses(root: DirectoryNode<ChunkList>): LayerEntry<ChunkList>[] | undefined {
  const entries: LayerEntry<ChunkList>[] = []
  const added = new Set<TreeNode>()
  const firstPaths = new Map<TreeNode, string>()
  let pathBytes = 0

  function addAbove(path: string): void {
    for (const [above, directory] of directoriesAbove(root, path)) if (!added.has(directory)) add(above, directory)
  }

  /** Adds a node, after the directories above it, and says whether it could be. */
  function add(path: string, node: TreeNode): boolean {
    addAbove(path)
    const entry = entryOf(path, node)
    if (entry === undefined) return false
    pathBytes += path.length
    entries.push(entry)
    added.add(node)
    return true
  }

  for (const { path, node } of walkTree(root)) {
    const target = firstPaths.get(node)
    if (target === undefined && isHeldWhole(path, node)) {
      if (node.type !== 'directory') firstPaths.set(node, path)
      continue
    }
    if (node.type !== 'directory') firstPaths.set(node, target ?? path)
    // The first place of a hard link was passed over as whole: it is added now.
    if (!added.has(node) && !add(target ?? path, node)) return undefined
    if (target !== undefined) {
      addAbove(path)
      entries.push({ type: 'hardlink', target, ...pathAttributes(path, node) })
      pathBytes += path.length + target.length
    }
    if (pathBytes > MAX_PATH_BYTES) return undefined
  }
  return entries
}

/** The directories that a path leads through, the root first. */
function* directoriesAbove(
  root: DirectoryNode<ChunkList>,
  path: string,
): Generator<[path: string, node: DirectoryNode<ChunkList>]> {
  if (path === '') return
  let node: TreeNode | undefined = root
  yield ['', root]
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const name: string = path.slice(path.lastIndexOf('/', slash - 1) + 1, slash)
    node = node?.type === 'directory' ? node.children.get(name) : undefined
    if (node?.type === 'directory') yield [path.slice(0, slash), node]
  }
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
