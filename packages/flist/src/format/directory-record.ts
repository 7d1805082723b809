import { FlistError } from '../errors.ts'
import type { ChunkList } from '../tree.ts'
import {
  copyData,
  parseMessage,
  readData,
  readInt64,
  readStruct,
  readStructList,
  readText,
  readUint16,
  readUint32,
  readUint53,
  type StructView,
} from './message-reader.ts'
import {
  addData,
  addStruct,
  addStructList,
  createMessage,
  finishMessage,
  type MessageWriter,
  type Place,
  ROOT_POINTER,
  restartMessage,
  setPieces,
  setPointer,
  setText,
} from './message-writer.ts'
import { writeUint64 } from './numbers.ts'

/** The kind of a special file as the schema has it. The reference writes `socket` for every one of them. */
export type SpecialType = 'socket' | 'block' | 'character' | 'fifo' | 'unknown'

/** What an inode is, in the words of the schema's union. */
export type InodeAttributes =
  | { readonly kind: 'dir'; readonly key: string }
  | { readonly kind: 'file'; readonly blockSize: number; readonly blocks: ChunkList }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'special'; readonly type: SpecialType; readonly data: string }

/** One entry of a directory. Names, targets and data are byte strings; times are seconds, 0 to 2³² - 1. */
export type InodeRecord = {
  readonly name: string
  readonly size: number
  readonly attributes: InodeAttributes
  readonly aclKey: string
  readonly modificationTime: number
  readonly creationTime: number
}

/** A directory as it is stored under its key: itself and its entries. */
export type DirectoryRecord = {
  readonly name: string
  /** The full path */
  readonly location: string
  readonly contents: readonly InodeRecord[]
  /** The key of the directory above; the root's own */
  readonly parent: string
  readonly size: number
  readonly aclKey: string
  readonly modificationTime: number
  readonly creationTime: number
}

/** What every file says of its chunks, in units of 4 KiB: 0-fs multiplies it, so it must be there and right. */
export const BLOCK_SIZE = 128

/** The tags of the schema's union, by number. */
const KINDS: readonly InodeAttributes['kind'][] = ['dir', 'file', 'link', 'special']
const SPECIAL_TYPES: readonly SpecialType[] = ['socket', 'block', 'character', 'fifo', 'unknown']
const HASH_BYTES = 16

/**
 * Reads a directory record (`struct Dir` of 0-flist's `flist.capnp`). Throws `corrupt`; what the fields say is not
 * judged here. `name` stands for the record in messages.
 */
export function decodeDirectory(bytes: Uint8Array, name: string): DirectoryRecord {
  const dir = parseMessage(bytes, name)
  return {
    name: readText(dir, 0),
    location: readText(dir, 1),
    contents: Array.from(readStructList(dir, 2), (inode) => decodeInode(inode, name)),
    parent: readText(dir, 3),
    size: readSize(dir, name),
    aclKey: readText(dir, 4),
    modificationTime: readUint32(dir, 8),
    creationTime: readUint32(dir, 12),
  }
}

function decodeInode(inode: StructView, name: string): InodeRecord {
  return {
    name: readText(inode, 0),
    size: readSize(inode, name),
    attributes: decodeAttributes(inode, name),
    aclKey: readText(inode, 2),
    modificationTime: readUint32(inode, 12),
    creationTime: readUint32(inode, 16),
  }
}

function decodeAttributes(inode: StructView, name: string): InodeAttributes {
  const tag = readUint16(inode, 8)
  const attributes = readStruct(inode, 1)
  if (attributes === undefined) throw corrupt(name, 'has an entry without attributes')
  switch (tag) {
    case 0:
      return { kind: 'dir', key: readText(attributes, 0) }
    case 1:
      return { kind: 'file', blockSize: readUint16(attributes, 0), blocks: decodeBlocks(attributes, name) }
    case 2:
      return { kind: 'link', target: readText(attributes, 0) }
    case 3: {
      const type = SPECIAL_TYPES[readUint16(attributes, 0)] ?? 'unknown'
      return { kind: 'special', type, data: readData(attributes, 0)?.toString('latin1') ?? '' }
    }
    default:
      throw corrupt(name, `has an entry of the unknown kind ${tag}`)
  }
}

function decodeBlocks(file: StructView, name: string): ChunkList {
  let blocks = new Uint8Array(2 * HASH_BYTES)
  let at = 0
  for (const block of readStructList(file, 0)) {
    if (at === blocks.length) {
      const more = new Uint8Array(2 * at)
      more.set(blocks)
      blocks = more
    }
    const hasHash = copyData(block, 0, blocks, at, HASH_BYTES)
    if (!hasHash || !copyData(block, 1, blocks, at + HASH_BYTES, HASH_BYTES))
      throw corrupt(name, `has a chunk whose hash and key are not ${HASH_BYTES} bytes`)
    at += 2 * HASH_BYTES
  }
  return at === blocks.length ? blocks : blocks.slice(0, at)
}

function readSize(view: StructView, name: string): number {
  const size = readUint53(view, 0)
  if (size === undefined) throw corrupt(name, `has an entry of ${readInt64(view, 0)} bytes`)
  return size
}

function corrupt(name: string, what: string): FlistError {
  return new FlistError('corrupt', `${name}: ${what}; the flist is damaged, make or fetch it again`)
}

/**
 * Writes a directory record in one segment, its objects in the reference's order: a record the reference keeps in one
 * segment comes out with the same bytes. Throws `too-large` over `MAX_RECORD_BYTES`.
 *
 * @param writer whose memory the result is in, until it is given another record
 */
export function encodeDirectory(record: DirectoryRecord, writer: MessageWriter = createMessage()): Buffer {
  restartMessage(writer)
  const contents = addStructList(writer, record.contents.length, 3, 3)
  let at = contents.at
  for (const inode of record.contents) {
    encodeInode(writer, at, inode)
    at += 48
  }
  const dir = addStruct(writer, 2, 5)
  setPointer(writer, ROOT_POINTER, dir)
  writeUint64(writer.view, record.size, dir.at)
  writer.view.setUint32(dir.at + 8, record.modificationTime, true)
  writer.view.setUint32(dir.at + 12, record.creationTime, true)
  setText(writer, dir.at + 16, record.name)
  setText(writer, dir.at + 24, record.location)
  setPointer(writer, dir.at + 32, contents)
  setText(writer, dir.at + 40, record.parent)
  setText(writer, dir.at + 48, record.aclKey)
  return finishMessage(writer)
}

function encodeInode(writer: MessageWriter, at: number, inode: InodeRecord): void {
  const attributes = encodeAttributes(writer, inode.attributes)
  writeUint64(writer.view, inode.size, at)
  writer.view.setUint16(at + 8, KINDS.indexOf(inode.attributes.kind), true)
  writer.view.setUint32(at + 12, inode.modificationTime, true)
  writer.view.setUint32(at + 16, inode.creationTime, true)
  setPointer(writer, at + 32, attributes)
  setText(writer, at + 24, inode.name)
  setText(writer, at + 40, inode.aclKey)
}

function encodeAttributes(writer: MessageWriter, attributes: InodeAttributes): Place {
  switch (attributes.kind) {
    case 'dir':
      return encodeReference(writer, attributes.key)
    case 'link':
      return encodeReference(writer, attributes.target)
    case 'special': {
      const data = addData(writer, Buffer.from(attributes.data, 'latin1'))
      const special = addStruct(writer, 1, 1)
      writer.view.setUint16(special.at, SPECIAL_TYPES.indexOf(attributes.type), true)
      setPointer(writer, special.at + 8, data)
      return special
    }
    case 'file': {
      const blocks = attributes.blocks.length === 0 ? undefined : encodeBlocks(writer, attributes.blocks)
      const file = addStruct(writer, 1, 1)
      writer.view.setUint16(file.at, attributes.blockSize, true)
      if (blocks !== undefined) setPointer(writer, file.at + 8, blocks)
      return file
    }
  }
}

/** `SubDir` and `Link` are the same on the wire: one text. */
function encodeReference(writer: MessageWriter, text: string): Place {
  const struct = addStruct(writer, 0, 1)
  setText(writer, struct.at, text)
  return struct
}

/** A hash and a key for each chunk, which lie behind the list as they lie in `blocks`. */
function encodeBlocks(writer: MessageWriter, blocks: ChunkList): Place {
  const list = addStructList(writer, blocks.length / (2 * HASH_BYTES), 0, 2)
  setPieces(writer, list.at, blocks, HASH_BYTES)
  return list
}
