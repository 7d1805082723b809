import { FLIST_CHUNKS } from '../codec/chunk-format.ts'
import { createDirectoryHasher } from '../directory-hash.ts'
import { FlistError } from '../errors.ts'
import { directoryKey } from '../format/directory-key.ts'
import { type DirectoryRecord, encodeDirectory } from '../format/directory-record.ts'
import { createMessage } from '../format/message-writer.ts'
import { type ChunkList, type DirectoryHashes, type DirectoryNode, joinPath, type Node, sortedNames } from '../tree.ts'
import { buildDirectory } from '../write/directory-builder.ts'
import { requireValidNode } from '../write/tree-rules.ts'
import { REFERENCE_RECORD_BYTES } from '../write/write-flist.ts'
import { createGrowingBytes } from './growing-bytes.ts'
import { COLUMNS, type Column, MAX_OWNERS, writeColumns } from './kept-columns.ts'
import { createOwnerTable } from './owner-table.ts'

const MAX_BYTES = 128 << 20
const MAX_DEPTH = 256

/** A directory that comes next. */
export type NextDirectory = {
  readonly name: string
  readonly path: string
  readonly key: string
  readonly node: DirectoryNode<ChunkList>
}

/** Encodes a tree directory by directory, parents first. */
export type TreeEncoder = {
  /** The directory that must be entered now; undefined when none is left. */
  next(): NextDirectory | undefined
  /** @throws FlistError as `encodeKeptTree` */
  enter(directory: NextDirectory): void
  /** All of it, in pieces. */
  finish(): Uint8Array[]
}

/** A directory that was entered and not left. */
type OpenDirectory = Omit<NextDirectory, 'name'> & {
  readonly index: number
  readonly names: readonly string[]
  /** Keys of the directories in it. */
  readonly keys: readonly string[]
  /** How many names and directories of it were passed. */
  passed: number
  directories: number
  readonly sums: Sums
}

/** Of what was passed of a directory, with all below it. */
type Sums = { files: number; symlinks: number; specials: number; chunks: number; bytes: number; isWhole: boolean }

export function createTreeEncoder(root: DirectoryNode<ChunkList>): TreeEncoder {
  const columns = Object.fromEntries(COLUMNS.map((column) => [column, []])) as unknown as Record<Column, number[]>
  const [records, chunkIds] = [createGrowingBytes(), createGrowingBytes()]
  const hasher = createDirectoryHasher(FLIST_CHUNKS)
  const hashes: DirectoryHashes[] = []
  const { owners, acls, beginDirectory, ownersOf } = createOwnerTable()
  const keys: string[] = []
  const sizes: number[] = []
  const message = createMessage()
  const open: OpenDirectory[] = []

  function checkSize(): void {
    const bytes = records.length + chunkIds.length + (keys.length * owners.length) / 8
    if (bytes <= MAX_BYTES && open.length <= MAX_DEPTH && owners.length <= MAX_OWNERS) return
    throw new FlistError(
      'too-large',
      'tree: it is too large, too deep or of too many owners to be kept; use it as it is',
    )
  }

  function enter(directory: NextDirectory): void {
    const { name, path, key, node } = directory
    const index = keys.length
    const names = sortedNames(node)
    if (open.length === 0) requireValidNode(path, node, FLIST_CHUNKS)
    for (const [name, child] of node.children) requireValidNode(joinPath(path, name), child, FLIST_CHUNKS)
    const above = open.at(-1)
    keys.push(key)
    beginDirectory()
    const keyOf = (asked: string) => (above && asked === above.path ? above.key : directoryKey(asked))
    const record = buildDirectory(path, node, { acls, keys: keyOf }, names)
    const bytes = encodeDirectory(record, message)
    records.add(bytes)
    columns.record[index] = records.length
    columns.idStart[index] = chunkIds.length
    checkSize()
    hasher.begin(name, node)
    const isWhole = bytes.length <= REFERENCE_RECORD_BYTES
    const sums = { files: 0, symlinks: 0, specials: 0, chunks: 0, bytes: 0, isWhole }
    open.push({ path, key, node, index, names, keys: keysIn(record), passed: 0, directories: 0, sums })
  }

  function next(): NextDirectory | undefined {
    if (keys.length === 0) return { name: '', path: '', key: directoryKey(''), node: root }
    for (let inner = open.at(-1); inner; inner = open.at(-1)) {
      const name = inner.names[inner.passed++]
      if (name === undefined) {
        open.pop()
        leave(inner, open.at(-1))
        continue
      }
      const node = inner.node.children.get(name)
      if (node === undefined) continue
      if (node.type !== 'directory') {
        hasher.add(name, node)
        addLeaf(node, inner.sums)
        continue
      }
      return { name, path: joinPath(inner.path, name), key: inner.keys[inner.directories++] ?? '', node }
    }
    return undefined
  }

  function addLeaf(node: Exclude<Node<ChunkList>, { type: 'directory' }>, sums: Sums): void {
    if (node.type === 'symlink') sums.symlinks++
    else if (node.type !== 'file') sums.specials++
    else {
      const { idBytes, entryBytes } = FLIST_CHUNKS
      const { content, size } = node
      for (let at = 0; at < content.length; at += entryBytes) chunkIds.add(content.subarray(at, at + idBytes))
      sums.files++
      sums.chunks += content.length / entryBytes
      sums.bytes += size
    }
  }

  function leave({ index, sums }: OpenDirectory, above: OpenDirectory | undefined): void {
    const { files, symlinks, specials, chunks, bytes, isWhole } = sums
    columns.files[index] = files
    columns.symlinks[index] = symlinks
    columns.specials[index] = specials
    columns.chunks[index] = chunks
    sizes[index] = bytes
    columns.end[index] = keys.length
    columns.idEnd[index] = chunkIds.length
    columns.isWhole[index] = isWhole ? 1 : 0
    hashes[index] = hasher.end()
    if (!above) return
    above.sums.files += files
    above.sums.symlinks += symlinks
    above.sums.specials += specials
    above.sums.chunks += chunks
    above.sums.bytes += bytes
    above.sums.isWhole &&= isWhole
  }

  const finish = () => writeColumns({ columns, sizes, keys, owners, ownersOf, hashes, parts: [records, chunkIds] })
  return { next, enter, finish }
}

/** The keys of the directories in a directory, which come first in its record, by their names. */
function keysIn({ contents }: DirectoryRecord): string[] {
  const keys: string[] = []
  for (const { attributes } of contents) {
    if (attributes.kind !== 'dir') break
    keys.push(attributes.key)
  }
  return keys
}
