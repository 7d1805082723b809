import { createHash } from 'node:crypto'
import { type ChunkFormat, FLIST_CHUNKS } from './codec/chunk-format.ts'
import { writeUint64 } from './format/numbers.ts'
import { clampTime } from './format/times.ts'
import {
  type Attributes,
  type ChunkList,
  type DirectoryNode,
  type FileNode,
  type SpecialNode,
  type SymlinkNode,
  walkNodes,
} from './tree.ts'

/** A node as the hash takes it: a directory without its children, which follow as nodes of their own. */
export type HashedNode = (Attributes & { readonly type: 'directory' }) | FileNode<ChunkList> | SymlinkNode | SpecialNode

/** The hash of a tree with times, and that without. */
export type TreeHashes = { readonly treeHash: string; readonly contentHash: string }

/** Tree hashes under construction. Nodes must come parents first, siblings by bytes, the root with the path `''`. */
export type TreeHasher = { add(path: string, node: HashedNode): void; digest(): TreeHashes }

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
export function hashTree(
  root: DirectoryNode<ChunkList>,
  { times = true, format = FLIST_CHUNKS }: TreeHashOptions = {},
): string {
  const hasher = createTreeHasher(format)
  for (const { path, node } of walkNodes(root)) hasher.add(path, node)
  const { treeHash, contentHash } = hasher.digest()
  return times ? treeHash : contentHash
}

/** Bytes that are hashed at once: a call for each node would cost more than the hashing. */
const PIECE = 64 * 1024

/** Computes what `hashTree` does, with times and without, from nodes one by one. */
export function createTreeHasher(format: ChunkFormat): TreeHasher {
  const timed = createPieces('tf-images tree 1\n')
  const timeless = createPieces('tf-images tree 1 without times\n')
  return {
    add(path, node) {
      const space = path.length + spaceOf(node)
      const start = timed.reserve(space)
      const time = writeHead(timed.buffer, path, node, start)
      const rest = timed.buffer.writeUInt32LE(clampTime(node.mtime), time)
      const end = writeRest(timed.buffer, node, rest, format)
      timed.length = end

      const copy = timeless.reserve(space)
      timed.buffer.copy(timeless.buffer, copy, start, time)
      timed.buffer.copy(timeless.buffer, copy + time - start, rest, end)
      timeless.length = copy + end - start - (rest - time)
    },
    digest: () => ({ treeHash: timed.digest(), contentHash: timeless.digest() }),
  }
}

/** A hash of text and what is then written to `buffer` up to `length`. */
function createPieces(text: string) {
  const hash = createHash('sha256').update(text)
  const pieces = {
    buffer: Buffer.allocUnsafe(PIECE),
    length: 0,
    /** Gives the place where so many more bytes may be written. */
    reserve(space: number): number {
      if (pieces.length + space > pieces.buffer.length) {
        hash.update(pieces.buffer.subarray(0, pieces.length))
        pieces.length = 0
        if (space > pieces.buffer.length) pieces.buffer = Buffer.allocUnsafe(2 * space)
      }
      return pieces.length
    },
    digest: () => hash.update(pieces.buffer.subarray(0, pieces.length)).digest('hex'),
  }
  return pieces
}

/** More bytes than a node takes beside its path. */
function spaceOf(node: HashedNode): number {
  return 64 + (node.type === 'file' ? node.content.length : node.type === 'symlink' ? node.target.length : 0)
}

/** Writes what comes before the time, and gives where that goes. */
function writeHead(buffer: Buffer, path: string, node: HashedNode, start: number): number {
  const mode = node.type === 'symlink' ? 0o777 : node.mode & 0o7777
  const at = writeText(buffer, path, start + buffer.write(LETTERS[node.type], start, 'latin1'))
  return buffer.writeUInt32LE(node.gid, buffer.writeUInt32LE(node.uid, buffer.writeUInt32LE(mode, at)))
}

/** Writes what comes behind the time, and gives where it ends. */
function writeRest(buffer: Buffer, node: HashedNode, start: number, format: ChunkFormat): number {
  switch (node.type) {
    case 'directory':
      return start
    case 'file': {
      const at = writeUint64(buffer, node.size, start)
      return writeKeys(buffer, node.content, buffer.writeUInt32LE(node.content.length / format.entryBytes, at), format)
    }
    case 'symlink':
      return writeText(buffer, node.target, start)
    default:
      return buffer.writeUInt32LE(node.minor, buffer.writeUInt32LE(node.major, start))
  }
}

function writeText(buffer: Buffer, text: string, at: number): number {
  const start = buffer.writeUInt32LE(text.length, at)
  return start + buffer.write(text, start, 'latin1')
}

function writeKeys(
  buffer: Buffer,
  content: ChunkList,
  start: number,
  { idBytes, keyBytes, entryBytes }: ChunkFormat,
): number {
  let at = start
  for (let key = idBytes; key < content.length; key += entryBytes) {
    buffer.set(content.subarray(key, key + keyBytes), at)
    at += keyBytes
  }
  return at
}
