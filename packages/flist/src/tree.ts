import type { ChunkFormat } from './codec/chunk-format.ts'

/**
 * Chunks of a file in order, per chunk its id (hash of the stored bytes) and then its key (hash of the plain bytes):
 * 16 bytes each with `FLIST_CHUNKS`, 32 with `FL_CHUNKS`. An empty file has none.
 */
export type ChunkList = Uint8Array

/** What every node of a tree carries. A flist keeps no nanoseconds and no xattrs: the writer drops them. */
export type Attributes = {
  /** Permission bits, `& 0o7777` */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Whole seconds since the epoch, rounded down; may be negative */
  readonly mtime: number
  /** 0 to 999,999,999; only when not zero */
  readonly mtimeNanos?: number
  /** Names are byte strings */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>
}

/** Children by name; names are byte strings (one char per byte). */
export type DirectoryNode<C> = Attributes & { readonly type: 'directory'; readonly children: Map<string, Node<C>> }

/** The same object at several places of a tree is one hard link. */
export type FileNode<C> = Attributes & { readonly type: 'file'; readonly size: number; readonly content: C }

/** `target` is a byte string, as it stands in the link. */
export type SymlinkNode = Attributes & { readonly type: 'symlink'; readonly target: string }

/** `major` and `minor` are 0 for a fifo and a socket. */
export type SpecialNode = Attributes & {
  readonly type: 'character' | 'block' | 'fifo' | 'socket'
  readonly major: number
  readonly minor: number
}

/** One object of a file tree. */
export type Node<C> = DirectoryNode<C> | FileNode<C> | SymlinkNode | SpecialNode

/** Compares byte strings as unsigned bytes, the order of everything in a flist. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The path of `name` in the directory `parent`; the root is `''`. */
export function joinPath(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`
}

/** Every node under `root`, which comes first with the path `''`: parents before children, siblings by bytes. */
export function* walkNodes<C>(root: DirectoryNode<C>): Generator<{ path: string; node: Node<C> }> {
  yield { path: '', node: root }
  /** The directories above the next node, with the names in them that are left. */
  const trail = [{ path: '', children: root.children, names: sortedNames(root).values() }]
  for (let above = trail.at(-1); above !== undefined; above = trail.at(-1)) {
    const { path: parent, children, names } = above
    const { value: name, done } = names.next()
    if (done) {
      trail.pop()
      continue
    }
    const node = children.get(name)
    if (node === undefined) continue
    const path = joinPath(parent, name)
    yield { path, node }
    if (node.type === 'directory') trail.push({ path, children: node.children, names: sortedNames(node).values() })
  }
}

/** The names in a directory by bytes. */
export function sortedNames<C>({ children }: DirectoryNode<C>): string[] {
  // Without a function to compare them strings are sorted by their chars, here bytes, and much faster.
  return [...children.keys()].sort()
}

/** The chunks of a file in order. */
export function* listChunks(
  content: ChunkList,
  { idBytes, entryBytes }: ChunkFormat,
): Generator<{ id: Uint8Array; key: Uint8Array }> {
  for (let at = 0; at < content.length; at += entryBytes) {
    yield { id: content.subarray(at, at + idBytes), key: content.subarray(at + idBytes, at + entryBytes) }
  }
}
