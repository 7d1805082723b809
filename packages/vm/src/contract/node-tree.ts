import { type ByteRange, type ContractTree, joinPath, type TreeEntry } from './contract-tree.ts'

type Attributes = { readonly mode: number; readonly uid: number; readonly gid: number }
type FileNode<C> = Attributes & { readonly type: 'file'; readonly size: number; readonly content: C }

/** A tree in memory whose contents are elsewhere, in the shape that images and flists are read to. */
export type TreeNode<C> =
  | (Attributes & { readonly type: 'directory'; readonly children: ReadonlyMap<string, TreeNode<C>> })
  | FileNode<C>
  | (Attributes & { readonly type: 'symlink'; readonly target: string })
  | (Attributes & { readonly type: 'character' | 'block' | 'fifo' | 'socket' })

/** Gives the bytes of a range of a file, which ends with the file. */
export type ContentReader<C> = (file: FileNode<C>, range: ByteRange) => Promise<Uint8Array>

/** Looks at a tree in memory; contents are asked for when a rule reads them. */
export function nodeTree<C>(root: TreeNode<C>, readContent: ContentReader<C>): ContractTree {
  const find = (path: string) => {
    let node: TreeNode<C> | undefined = root
    for (const name of path === '' ? [] : path.split('/'))
      node = node?.type === 'directory' ? node.children.get(name) : undefined
    return node
  }
  return {
    lookup: async (path) => {
      const node = find(path)
      return node && describe(node)
    },
    list: async (path) => {
      const node = find(path)
      return node?.type === 'directory' ? [...node.children.keys()].sort() : []
    },
    read: async (path, range) => {
      const node = find(path)
      if (node?.type !== 'file') return new Uint8Array()
      const { offset, length } = range ?? { offset: 0, length: node.size }
      const begin = Math.min(offset, node.size)
      return readContent(node, { offset: begin, length: Math.min(length, node.size - begin) })
    },
    walk: async function* () {
      yield* walkBelow('', root)
    },
  }
}

function describe<C>(node: TreeNode<C>): TreeEntry {
  const { type, mode, uid, gid } = node
  const size = node.type === 'file' ? node.size : 0
  return { type, mode, uid, gid, size, ...(node.type === 'symlink' ? { target: node.target } : {}) }
}

function* walkBelow<C>(path: string, node: TreeNode<C>): Generator<{ path: string; entry: TreeEntry }> {
  if (node.type !== 'directory') return
  for (const name of [...node.children.keys()].sort()) {
    const child = node.children.get(name)
    if (!child) continue
    const childPath = joinPath(path, name)
    yield { path: childPath, entry: describe(child) }
    yield* walkBelow(childPath, child)
  }
}
