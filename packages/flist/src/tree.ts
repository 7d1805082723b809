import type { ChunkFormat } from './codec/chunk-format.ts'
import type { Owner } from './format/acl.ts'
import type { PackedRows } from './format/table-parts.ts'

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
export type DirectoryNode<C> = Attributes & {
  readonly type: 'directory'
  readonly children: Map<string, Node<C>>
  /** What an earlier flist had of it, while it is sure that nothing has changed. */
  readonly kept?: KeptSubtree | undefined
  /** The record an earlier flist had of it, whatever has changed. */
  readonly keptRecord?: KeptStretch
}

/** A directory and all below it as a flist had them. Looking for it changes nothing. */
export type KeptSubtree = {
  /** The nodes of it that a flist does not hold whole, with the directories above them, if there are any. */
  readonly lost: DirectoryNode<ChunkList> | undefined
  readonly counts: TreeCounts
  readonly hashes: DirectoryHashes
  /** Of all files, one behind the other */
  readonly chunkIds: Uint8Array
  /** Whoever something of it belongs to, with the modes */
  owners(): Iterable<Owner>
  readonly records: KeptStretch
}

/** Hashes of all in a directory (see `hashTree`), 32 bytes each as a byte string. */
export type DirectoryHashes = { readonly content: string; readonly times: string }

/** Records of directories one behind the other, in the order of the walk, from `first` up to `end`. */
export type KeptStretch = { readonly records: KeptRecords; readonly first: number; readonly end: number }

/** The records of all directories of a tree that was kept, by their numbers. */
export type KeptRecords = {
  key(index: number): string
  record(index: number): Uint8Array
  /** Chunks of all files of the tree. */
  readonly chunkCount: number
  readonly parts: FlistParts
}

/** Parts of flists with nothing but records of a kept tree, by the number of their first one. */
export type FlistParts = {
  /** Of earlier flists. */
  readonly known: Map<number, PackedRows>
  /** Of the one that is being made. */
  readonly used: Map<number, PackedRows>
}

/** What a tree holds. Hard links count at every place, as a flist has them. */
export type TreeCounts = {
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  readonly specials: number
  /** Sum of the sizes of all files */
  readonly bytes: number
  /** Chunks of all files */
  readonly chunks: number
}

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
export function walkNodes<C>(root: DirectoryNode<C>): Generator<TreePart<C>> {
  return walk(root, () => undefined)
}

/** A node of a tree with its path; with what was kept of it if it stands for all below it as well. */
export type TreePart<C> =
  | { readonly path: string; readonly node: Node<C>; readonly kept?: undefined }
  | { readonly path: string; readonly node: DirectoryNode<C>; readonly kept: KeptSubtree }

/** As {@link walkNodes}, but a directory of which all was kept stands for what is below it. */
export function walkParts<C>(root: DirectoryNode<C>): Generator<TreePart<C>> {
  return walk(root, ({ kept }) => kept)
}

function* walk<C>(
  root: DirectoryNode<C>,
  keptOf: (node: DirectoryNode<C>) => KeptSubtree | undefined,
): Generator<TreePart<C>> {
  /** The directories above the next node, with the names in them that are left. */
  const trail: { path: string; children: Map<string, Node<C>>; names: Iterator<string> }[] = []
  function* enter(path: string, node: DirectoryNode<C>): Generator<TreePart<C>> {
    const kept = keptOf(node)
    if (kept) return yield { path, node, kept }
    yield { path, node }
    trail.push({ path, children: node.children, names: sortedNames(node).values() })
  }
  yield* enter('', root)
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
    if (node.type === 'directory') yield* enter(path, node)
    else yield { path, node }
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
