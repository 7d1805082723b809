import { hash } from 'node:crypto'
import { type ChunkFormat, FLIST_CHUNKS } from './codec/chunk-format.ts'
import { createDirectoryHasher, type HashedNode } from './directory-hash.ts'
import { type Attributes, type ChunkList, type DirectoryHashes, type DirectoryNode, walkNodes } from './tree.ts'

/** The hash of a tree with times, and that without. */
export type TreeHashes = { readonly treeHash: string; readonly contentHash: string }

/** Tree hashes under construction. Nodes must come parents first, siblings by bytes, the root with the path `''`. */
export type TreeHasher = {
  add(path: string, node: HashedNode): void
  /** Adds a directory and all below it by the hashes of what is in it. */
  addKept(path: string, node: Attributes & { readonly type: 'directory' }, hashes: DirectoryHashes): void
  digest(): TreeHashes
}

/** What a tree hash takes in. */
export type TreeHashOptions = {
  /** `false` leaves the times out: trees of equal content built at different times are then equal */
  readonly times?: boolean
  /** Of the chunks of files; `FLIST_CHUNKS` unless told */
  readonly format?: ChunkFormat
}

/**
 * The hash of everything a flist keeps of a tree, whatever wrote it: 64 hex digits. A directory has two hashes, each sha256
 * over all in it, by unsigned bytes of the names:
 *
 * - of the contents, over one letter (`d` directory, `f` file, `l` symlink, `c` character, `b` block, `p` fifo, `s` socket), the
 *   name (u32 length and bytes), u32 mode (`& 0o7777`, 0777 for a symlink), uid and gid of each node; then for a file its size
 *   (u64), the number of its chunks (u32) and their keys (16 bytes each, 32 in a `.fl`, the hashes of the plain bytes); for a
 *   symlink its target (u32 length and bytes); for `c`, `b`, `p` and `s` major and minor (u32 each); for a directory the
 *   hash of its contents (32 bytes);
 * - of the times, over the mtime of each node (u32, clamped to 0 … 2³² - 1), for a directory followed by the hash of its times.
 *
 * The tree hash is sha256 over the text `tf-images tree 2`, a newline and both hashes of a directory that has nothing in it but
 * the root, with an empty name. Without times (`times: false`) it is that over `tf-images tree 2 without times`, a newline and
 * the hash of the contents.
 *
 * All numbers are little-endian. Not in it, because a flist cannot keep it: nanoseconds, xattrs, hard links. Not in it,
 * because it depends on the compressor: chunk ids.
 */
export function hashTree(
  root: DirectoryNode<ChunkList>,
  { times = true, format = FLIST_CHUNKS }: TreeHashOptions = {},
): string {
  const hasher = createTreeHasher(format)
  for (const { path, node } of walkNodes(root)) hasher.add(path, node)
  const { treeHash, contentHash } = hasher.digest()
  return times ? treeHash : contentHash
}

/** Computes what `hashTree` does, with times and without, from nodes one by one. */
export function createTreeHasher(format: ChunkFormat): TreeHasher {
  const directories = createDirectoryHasher(format)
  /** Lengths of the paths of directories that are begun. */
  const begun: number[] = []

  /** Ends directories that are not above a path, and gives the name of what has it. */
  function nameOf(path: string): string {
    const slash = path.lastIndexOf('/')
    const above = path === '' ? -1 : Math.max(slash, 0)
    while ((begun.at(-1) ?? -1) > above) {
      directories.end()
      begun.pop()
    }
    return path.slice(slash + 1)
  }

  return {
    add(path, node) {
      const name = nameOf(path)
      if (node.type !== 'directory') return directories.add(name, node)
      directories.begin(name, node)
      begun.push(path.length)
    },
    addKept(path, node, hashes) {
      directories.addHashes(nameOf(path), node, hashes)
    },
    digest() {
      nameOf('')
      const { content, times } = directories.end()
      return {
        treeHash: digest(`tf-images tree 2\n${content}${times}`),
        contentHash: digest(`tf-images tree 2 without times\n${content}`),
      }
    },
  }
}

function digest(bytes: string): string {
  return hash('sha256', Buffer.from(bytes, 'latin1'), 'hex')
}
