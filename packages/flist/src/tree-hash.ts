import { createHash } from 'node:crypto'
import { type ChunkFormat, FLIST_CHUNKS } from './codec/chunk-format.ts'
import { writeBytes } from './format/byte-string.ts'
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
export type TreeHasher = {
  add(path: string, node: HashedNode): void
  /** Adds a directory and all below it by what `writeHashed` and `writeTimeless` gave of them. */
  addKept(kept: { readonly hashed: Uint8Array; readonly timeless: Uint8Array }): void
  digest(): TreeHashes
}

/** What a tree hash takes in. */
export type TreeHashOptions = {
  /** `false` leaves the times out: trees of equal content built at different times are then equal */
  readonly times?: boolean
  /** Of the chunks of files; `FLIST_CHUNKS` unless told */
  readonly format?: ChunkFormat
}

/** The codes of the letters. */
const LETTERS = { directory: 0x64, file: 0x66, symlink: 0x6c, character: 0x63, block: 0x62, fifo: 0x70, socket: 0x73 }

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
const TIME_BYTES = 4
/** Where the time of a node is, without its path: behind a letter, a length, mode and owners. */
const TIME_AT = 17

/** Computes what `hashTree` does, with times and without, from nodes one by one. */
export function createTreeHasher(format: ChunkFormat): TreeHasher {
  const timed = createHash('sha256').update('tf-images tree 1\n')
  const timeless = createHash('sha256').update('tf-images tree 1 without times\n')
  let piece = createPiece(PIECE)
  let length = 0
  /** Where the times are in the piece. */
  let times: number[] = []

  function hashPiece(): void {
    const { buffer } = piece
    const nodes = buffer.subarray(0, length)
    timed.update(nodes)
    timeless.update(removeTimes(nodes, times))
    length = 0
    times = []
  }

  return {
    add(path, node) {
      const space = hashedSpace(path, node)
      if (length + space > piece.buffer.length) {
        hashPiece()
        if (space > piece.buffer.length) piece = createPiece(2 * space)
      }
      times.push(length + TIME_AT + path.length)
      length = writeHashed(piece, path, node, length, format)
    },
    addKept(kept) {
      hashPiece()
      timed.update(kept.hashed)
      timeless.update(kept.timeless)
    },
    digest() {
      hashPiece()
      return { treeHash: timed.digest('hex'), contentHash: timeless.digest('hex') }
    },
  }
}

/** Memory for nodes, and what writes numbers to it. */
type Piece = { readonly buffer: Buffer; readonly view: DataView }

function createPiece(size: number): Piece {
  const buffer = Buffer.allocUnsafeSlow(size)
  return { buffer, view: new DataView(buffer.buffer) }
}

/** Takes the times at these places out, in place. */
function removeTimes(nodes: Buffer, times: readonly number[]): Buffer {
  let end = 0
  let start = 0
  for (const time of times) {
    nodes.copyWithin(end, start, time)
    end += time - start
    start = time + TIME_BYTES
  }
  nodes.copyWithin(end, start)
  return nodes.subarray(0, end + nodes.length - start)
}

/** More bytes than a node takes. */
export function hashedSpace(path: string, node: HashedNode): number {
  return (
    64 + path.length + (node.type === 'file' ? node.content.length : node.type === 'symlink' ? node.target.length : 0)
  )
}

/** Writes a node as the tree hash takes it, at `start`, where {@link hashedSpace} must be; gives where it ends. */
export function writeHashed(piece: Piece, path: string, node: HashedNode, start: number, format: ChunkFormat): number {
  const time = writeHead(piece, path, node, start)
  piece.view.setUint32(time, clampTime(node.mtime), true)
  return writeRest(piece, node, time + TIME_BYTES, format)
}

/** The same without the time. */
export function writeTimeless(
  piece: Piece,
  path: string,
  node: HashedNode,
  start: number,
  format: ChunkFormat,
): number {
  return writeRest(piece, node, writeHead(piece, path, node, start), format)
}

/** Writes what comes before the time, and gives where that goes. */
function writeHead({ buffer, view }: Piece, path: string, node: HashedNode, start: number): number {
  buffer[start] = LETTERS[node.type]
  view.setUint32(start + 1, path.length, true)
  const at = writeBytes(buffer, path, start + 5)
  view.setUint32(at, node.type === 'symlink' ? 0o777 : node.mode & 0o7777, true)
  view.setUint32(at + 4, node.uid, true)
  view.setUint32(at + 8, node.gid, true)
  return at + 12
}

/** Writes what comes behind the time, and gives where it ends. */
function writeRest({ buffer, view }: Piece, node: HashedNode, start: number, format: ChunkFormat): number {
  switch (node.type) {
    case 'directory':
      return start
    case 'file': {
      const at = writeUint64(view, node.size, start)
      view.setUint32(at, node.content.length / format.entryBytes, true)
      return writeKeys(buffer, node.content, at + 4, format)
    }
    case 'symlink':
      view.setUint32(start, node.target.length, true)
      return writeBytes(buffer, node.target, start + 4)
    default:
      view.setUint32(start, node.major, true)
      view.setUint32(start + 4, node.minor, true)
      return start + 8
  }
}

function writeKeys(buffer: Buffer, content: ChunkList, start: number, { idBytes, entryBytes }: ChunkFormat): number {
  let at = start
  for (let entry = 0; entry < content.length; entry += entryBytes) {
    // Byte by byte: a view to copy it at once would cost more.
    for (let i = entry + idBytes; i < entry + entryBytes; i++) buffer[at++] = content[i] ?? 0
  }
  return at
}
