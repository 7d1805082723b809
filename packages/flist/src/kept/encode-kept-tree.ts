import { FLIST_CHUNKS } from '../codec/chunk-format.ts'
import { createDirectoryHasher } from '../directory-hash.ts'
import { FlistError } from '../errors.ts'
import { aclKey, createAcl, type Owner } from '../format/acl.ts'
import { encodeDirectory } from '../format/directory-record.ts'
import { createMessage } from '../format/message-writer.ts'
import { type ChunkList, type DirectoryHashes, type DirectoryNode, joinPath, sortedNames } from '../tree.ts'
import { type AclKeys, buildDirectory, createKeyTable, ownerOf } from '../write/directory-builder.ts'
import { REFERENCE_RECORD_BYTES } from '../write/write-flist.ts'
import { createGrowingBytes } from './growing-bytes.ts'
import { COLUMNS, type Column, MAX_OWNERS, writeColumns } from './kept-columns.ts'

const MAX_BYTES = 128 << 20
const MAX_DEPTH = 256

/** Columns that add up what is below a directory. */
const COUNTS = ['files', 'symlinks', 'specials', 'chunks'] as const

/**
 * What a writer of flists makes of a tree, as bytes in pieces: the next conversion of nearly the same tree opens them with `openKeptTree`.
 *
 * @param root a tree that a flist can hold (see `isValidTree`)
 * @throws FlistError `too-large` for a tree that is not worth it: over 128 MiB, nested over 256 deep, or of over 1024 owners
 */
export function encodeKeptTree(root: DirectoryNode<ChunkList>): Uint8Array[] {
  const columns = Object.fromEntries(COLUMNS.map((column) => [column, []])) as unknown as Record<Column, number[]>
  const parts = [createGrowingBytes(), createGrowingBytes()] as const
  const [records, chunkIds] = parts
  const hasher = createDirectoryHasher(FLIST_CHUNKS)
  const hashes: DirectoryHashes[] = []
  const { owners, acls, beginDirectory, ownersOf } = createOwnerTable()
  const tables = { acls, keys: createKeyTable() }
  const keys: string[] = []
  const sizes: number[] = []
  const message = createMessage()

  function checkSize(depth: number): void {
    const bytes = parts.reduce((sum, { length }) => sum + length, (keys.length * owners.length) / 8)
    if (bytes <= MAX_BYTES && depth <= MAX_DEPTH && owners.length <= MAX_OWNERS) return
    throw new FlistError(
      'too-large',
      'tree: it is too large, too deep or of too many owners to be kept; use it as it is',
    )
  }

  function addIds(content: ChunkList): void {
    const { idBytes, entryBytes } = FLIST_CHUNKS
    for (let at = 0; at < content.length; at += entryBytes) chunkIds.add(content.subarray(at, at + idBytes))
  }

  /** Adds a directory and all below it, and says whether a writer has nothing to say of any record. */
  function visit(path: string, name: string, node: DirectoryNode<ChunkList>, depth: number): boolean {
    const index = keys.length
    keys.push(tables.keys(path))
    beginDirectory()
    const record = encodeDirectory(buildDirectory(path, node, tables), message)
    records.add(record)
    columns.record[index] = records.length
    columns.idStart[index] = chunkIds.length
    checkSize(depth)
    hasher.begin(name, node)
    let whole = record.length <= REFERENCE_RECORD_BYTES
    const sums = { files: 0, symlinks: 0, specials: 0, chunks: 0, bytes: 0 }
    for (const name of sortedNames(node)) {
      const child = node.children.get(name)
      if (child === undefined) continue
      const childPath = joinPath(path, name)
      if (child.type === 'directory') {
        const inner = keys.length
        if (!visit(childPath, name, child, depth + 1)) whole = false
        for (const column of COUNTS) sums[column] += columns[column][inner] ?? 0
        sums.bytes += sizes[inner] ?? 0
        continue
      }
      hasher.add(name, child)
      if (child.type !== 'file') {
        sums[child.type === 'symlink' ? 'symlinks' : 'specials']++
        continue
      }
      addIds(child.content)
      sums.files++
      sums.chunks += child.content.length / FLIST_CHUNKS.entryBytes
      sums.bytes += child.size
    }
    for (const column of COUNTS) columns[column][index] = sums[column]
    sizes[index] = sums.bytes
    columns.end[index] = keys.length
    columns.idEnd[index] = chunkIds.length
    columns.isWhole[index] = whole ? 1 : 0
    hashes[index] = hasher.end()
    return whole
  }

  visit('', '', root, 0)
  return writeColumns({ columns, sizes, keys, owners, ownersOf, hashes, parts })
}

/** ACLs by the places of their owners, and which of them each directory has. */
function createOwnerTable() {
  const owners: Owner[] = []
  const keys: string[] = []
  const ownersOf: Set<number>[] = []
  const places = new Map<string, number>()
  const acls: AclKeys = (node) => {
    const owner = ownerOf(node)
    const id = `${owner.mode}:${owner.uid}:${owner.gid}`
    const place = places.get(id) ?? owners.length
    if (place === owners.length) {
      places.set(id, place)
      owners.push(owner)
      keys.push(aclKey(createAcl(owner)))
    }
    // The record of a directory is made before one below it begins.
    ownersOf.at(-1)?.add(place)
    return keys[place] ?? ''
  }
  return { owners, ownersOf, acls, beginDirectory: () => void ownersOf.push(new Set()) }
}
