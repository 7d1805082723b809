import { FLIST_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { aclKey, createAcl, type Owner } from '../format/acl.ts'
import { decodeDirectory } from '../format/directory-record.ts'
import { createNode, detach } from '../read/flist-node.ts'
import {
  type Attributes,
  type ChunkList,
  type DirectoryNode,
  type FlistParts,
  type KeptRecords,
  type KeptSubtree,
  type Node,
  walkNodes,
} from '../tree.ts'
import { type KeptColumns, readColumns } from './kept-columns.ts'
import { haveSameAttributes, KeptDirectory } from './kept-directory.ts'

/** A tree that was kept, of which only what is looked at is read. */
export type KeptTree = {
  /** Changing the tree is allowed; what was kept of a directory is then not given any more. */
  readonly root: DirectoryNode<ChunkList>
  /** Of all its files, one behind the other; an id may be there several times. */
  readonly chunkIds: Uint8Array
  /** Those that are known may be added; those that a flist of it is made of are. */
  readonly parts: FlistParts
}

/**
 * Opens what `encodeKeptTree` gave.
 *
 * @param name stands for it in messages
 * @param lost the nodes that a flist does not hold whole, which are there instead of what it holds of them, and all directories above
 *   them, as they were; one at several places is a hard link
 * @throws FlistError `corrupt`, also later, when a directory is looked at
 */
export function openKeptTree(bytes: Uint8Array, name: string, lost?: DirectoryNode<ChunkList>): KeptTree {
  const columns = readColumns(bytes, name)
  const parts: FlistParts = { known: new Map(), used: new Map() }
  const chunkIds = columns.chunkIds(0)
  const chunkCount = chunkIds.length / FLIST_CHUNKS.idBytes
  const records = { key: columns.key, record: columns.record, chunkCount, parts }
  const owners = new Map(columns.owners.map((owner) => [aclKey(createAcl(owner)), owner]))
  const links = lost ? hardLinks(lost) : new Map()
  const corrupt = (what: string) => new FlistError('corrupt', `${name}: ${what}; delete it`)

  function ownerOf(key: string): Owner {
    const owner = owners.get(key)
    if (owner) return owner
    throw corrupt(`has no owner "${key}"`)
  }

  function children(index: number, lost: DirectoryNode<ChunkList> | undefined): Map<string, Node<ChunkList>> {
    const nodes = new Map<string, Node<ChunkList>>()
    let next = index + 1
    let found = 0
    for (const inode of decodeDirectory(columns.record(index), name).contents) {
      const owner = ownerOf(inode.aclKey)
      const node = createNode(inode, owner, inode.name, name)
      const own = lost?.children.get(inode.name)
      if (own) {
        found++
        if (own.type !== node.type) throw corrupt('has another kind of node than was lost')
      }
      if (node.type !== 'directory') nodes.set(inode.name, own ?? detach(node))
      else {
        if (next >= columns.end(index)) throw corrupt('lacks a directory')
        const attributes = own ?? { ...owner, mtime: node.mtime }
        nodes.set(inode.name, directory(next, attributes, own?.type === 'directory' ? own : undefined))
        next = columns.end(next)
      }
    }
    if (found !== (lost?.children.size ?? 0)) throw corrupt('lacks a node that was lost')
    return nodes
  }

  function directory(index: number, attributes: Attributes, lost: DirectoryNode<ChunkList> | undefined): KeptDirectory {
    const kept = () =>
      columns.isWhole(index) && areUnchanged(links, lost) ? subtree(columns, records, index, lost) : undefined
    const record = { records, first: index, end: index + 1 }
    return new KeptDirectory(attributes, record, () => children(index, lost), kept)
  }

  const root = decodeDirectory(columns.record(0), name)
  const attributes = lost ?? { ...ownerOf(root.aclKey), mtime: root.modificationTime }
  return { root: directory(0, attributes, lost), chunkIds, parts }
}

/** What is at several places, with its attributes: who changes it at one of them changes it at all. */
function hardLinks(root: DirectoryNode<ChunkList>): Map<Node<ChunkList>, Attributes> {
  const seen = new Set<Node<ChunkList>>()
  const links = new Map<Node<ChunkList>, Attributes>()
  for (const { node } of walkNodes(root)) {
    if (seen.has(node)) links.set(node, { ...node })
    seen.add(node)
  }
  return links
}

function areUnchanged(
  links: ReadonlyMap<Node<ChunkList>, Attributes>,
  root: DirectoryNode<ChunkList> | undefined,
): boolean {
  if (root === undefined || links.size === 0) return true
  for (const { node } of walkNodes(root)) {
    const before = links.get(node)
    if (before && !haveSameAttributes(node, before)) return false
  }
  return true
}

function subtree(
  columns: KeptColumns,
  records: KeptRecords,
  index: number,
  lost: DirectoryNode<ChunkList> | undefined,
): KeptSubtree {
  return {
    lost,
    counts: columns.counts(index),
    hashes: columns.hashes(index),
    chunkIds: columns.chunkIds(index),
    owners: () => columns.ownersOf(index),
    records: { records, first: index, end: columns.end(index) },
  }
}
