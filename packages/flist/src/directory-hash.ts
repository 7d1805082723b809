import type { ChunkFormat } from './codec/chunk-format.ts'
import { writeBytes } from './format/byte-string.ts'
import { writeUint64 } from './format/numbers.ts'
import { clampTime } from './format/times.ts'
import { createNestedHashes, type Room } from './nested-hashes.ts'
import type { Attributes, ChunkList, DirectoryHashes, FileNode, SpecialNode, SymlinkNode } from './tree.ts'

type HashedDirectory = Attributes & { readonly type: 'directory' }
type HashedLeaf = FileNode<ChunkList> | SymlinkNode | SpecialNode

/** A node as the hash takes it: a directory without its children, which are added as nodes of their own. */
export type HashedNode = HashedDirectory | HashedLeaf

/**
 * Hashes of directories under construction, as `hashTree` describes them. What is added goes to the directory that was begun last,
 * at first to one that has no name; siblings come by bytes of their names.
 */
export type DirectoryHasher = {
  add(name: string, node: HashedLeaf): void
  begin(name: string, node: HashedDirectory): void
  /** Ends the directory that was begun last, or the one without a name. */
  end(): DirectoryHashes
  /** Adds a directory whose hashes are known. */
  addHashes(name: string, node: HashedDirectory, hashes: DirectoryHashes): void
}

/** The codes of the letters. */
const LETTERS = { directory: 0x64, file: 0x66, symlink: 0x6c, character: 0x63, block: 0x62, fifo: 0x70, socket: 0x73 }

const HASH_BYTES = 32
const TIME_BYTES = 4

export function createDirectoryHasher(format: ChunkFormat): DirectoryHasher {
  const contents = createNestedHashes()
  const times = createNestedHashes()

  function add(name: string, node: HashedNode): void {
    const room = contents.room(spaceFor(name, node))
    contents.add(writeRest(room, node, writeHead(room, name, node), format))
    const { view, at } = times.room(TIME_BYTES)
    view.setUint32(at, clampTime(node.mtime), true)
    times.add(at + TIME_BYTES)
  }

  function addOwnHashes({ content, times: ofTimes }: DirectoryHashes): void {
    for (const [nested, hash] of [
      [contents, content],
      [times, ofTimes],
    ] as const) {
      const { buffer, at } = nested.room(HASH_BYTES)
      nested.add(at + buffer.write(hash, at, 'latin1'))
    }
  }

  let depth = 0
  return {
    add,
    begin(name, node) {
      add(name, node)
      contents.begin()
      times.begin()
      depth++
    },
    end() {
      const hashes = { content: contents.end(), times: times.end() }
      if (depth > 0) addOwnHashes(hashes)
      depth--
      return hashes
    },
    addHashes(name, node, hashes) {
      add(name, node)
      addOwnHashes(hashes)
    },
  }
}

/** More bytes than a node takes. */
function spaceFor(name: string, node: HashedNode): number {
  const rest = node.type === 'file' ? node.content.length : node.type === 'symlink' ? node.target.length : 0
  return 64 + name.length + rest
}

/** Writes what every node has, and gives where it ends. */
function writeHead({ buffer, view, at: start }: Room, name: string, node: HashedNode): number {
  buffer[start] = LETTERS[node.type]
  view.setUint32(start + 1, name.length, true)
  const at = writeBytes(buffer, name, start + 5)
  view.setUint32(at, node.type === 'symlink' ? 0o777 : node.mode & 0o7777, true)
  view.setUint32(at + 4, node.uid, true)
  view.setUint32(at + 8, node.gid, true)
  return at + 12
}

/** Writes what nodes of this type have besides, and gives where it ends. */
function writeRest({ buffer, view }: Room, node: HashedNode, start: number, format: ChunkFormat): number {
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
