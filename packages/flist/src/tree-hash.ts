import { createHash } from 'node:crypto'
import { type ChunkFormat, FLIST_CHUNKS } from './codec/chunk-format.ts'
import { clampTime } from './format/times.ts'
import {
  type Attributes,
  type ChunkList,
  type DirectoryNode,
  type FileNode,
  listChunks,
  type SpecialNode,
  type SymlinkNode,
  walkNodes,
} from './tree.ts'

/** A node as the hash takes it: a directory without its children, which follow as nodes of their own. */
export type HashedNode = (Attributes & { readonly type: 'directory' }) | FileNode<ChunkList> | SymlinkNode | SpecialNode

/** A tree hash under construction. Nodes must come parents first, siblings by bytes, the root with the path `''`. */
export type TreeHasher = { add(path: string, node: HashedNode): void; digest(): string }

/** What a tree hash takes in. */
export type TreeHashOptions = {
  /** `false` leaves the times out: trees of equal content built at different times are then equal */
  readonly times?: boolean
  /** Of the chunks of files; `FLIST_CHUNKS` unless told */
  readonly format?: ChunkFormat
}

const LETTERS = { directory: 'd', file: 'f', symlink: 'l', character: 'c', block: 'b', fifo: 'p', socket: 's' }

/**
 * The hash of everything a flist keeps of a tree, whatever wrote it: 64 hex digits, sha256 over
 *
 * - the text `tf-images tree 1` and a newline;
 * - each node, parents before children, siblings by unsigned bytes of their names, the root first:
 *   one letter (`d` directory, `f` file, `l` symlink, `c` character, `b` block, `p` fifo, `s` socket), the path (u32
 *   length and bytes, no leading slash), then u32 mode (`& 0o7777`, 0777 for a symlink), uid, gid and mtime (clamped to
 *   0 … 2³² - 1);
 *   for a file also its size (u64), the number of its chunks (u32) and their keys (16 bytes each, 32 in a `.fl`, the
 *   hashes of the plain bytes); for a symlink its target (u32 length and bytes); for `c`, `b`, `p` and `s` major and
 *   minor (u32 each).
 *
 * Without times (`times: false`) the text is `tf-images tree 1 without times`, and nodes have no mtime.
 *
 * All numbers are little-endian. Not in it, because a flist cannot keep it: nanoseconds, xattrs, hard links. Not in it,
 * because it depends on the compressor: chunk ids.
 */
export function hashTree(root: DirectoryNode<ChunkList>, options: TreeHashOptions = {}): string {
  const hasher = createTreeHasher(options)
  for (const { path, node } of walkNodes(root)) hasher.add(path, node)
  return hasher.digest()
}

/** Computes what `hashTree` does from nodes one by one. */
export function createTreeHasher({ times = true, format = FLIST_CHUNKS }: TreeHashOptions = {}): TreeHasher {
  const hash = createHash('sha256').update(times ? 'tf-images tree 1\n' : 'tf-images tree 1 without times\n')
  let buffer = Buffer.allocUnsafe(4096)
  return {
    add(path, node) {
      const space = path.length + spaceOf(node)
      if (space > buffer.length) buffer = Buffer.allocUnsafe(2 * space)
      hash.update(buffer.subarray(0, serialise(buffer, path, node, times, format)))
    },
    digest: () => hash.digest('hex'),
  }
}

/** More bytes than a node takes beside its path. */
function spaceOf(node: HashedNode): number {
  return 64 + (node.type === 'file' ? node.content.length : node.type === 'symlink' ? node.target.length : 0)
}

/** Gives the number of bytes written. */
function serialise(buffer: Buffer, path: string, node: HashedNode, times: boolean, format: ChunkFormat): number {
  const mode = node.type === 'symlink' ? 0o777 : node.mode & 0o7777
  let at = buffer.write(LETTERS[node.type], 0, 'latin1')
  at = writeText(buffer, path, at)
  for (const value of [mode, node.uid, node.gid]) at = buffer.writeUInt32LE(value, at)
  if (times) at = buffer.writeUInt32LE(clampTime(node.mtime), at)
  switch (node.type) {
    case 'directory':
      return at
    case 'file':
      at = buffer.writeBigUInt64LE(BigInt(node.size), at)
      at = buffer.writeUInt32LE(node.content.length / format.entryBytes, at)
      return writeKeys(buffer, node.content, at, format)
    case 'symlink':
      return writeText(buffer, node.target, at)
    default:
      return buffer.writeUInt32LE(node.minor, buffer.writeUInt32LE(node.major, at))
  }
}

function writeText(buffer: Buffer, text: string, at: number): number {
  const start = buffer.writeUInt32LE(text.length, at)
  return start + buffer.write(text, start, 'latin1')
}

function writeKeys(buffer: Buffer, content: ChunkList, start: number, format: ChunkFormat): number {
  let at = start
  for (const { key } of listChunks(content, format)) {
    buffer.set(key, at)
    at += key.length
  }
  return at
}
