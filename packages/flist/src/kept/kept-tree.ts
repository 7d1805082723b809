import { FLIST_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { aclKey, createAcl, type Owner } from '../format/acl.ts'
import { decodeDirectory } from '../format/directory-record.ts'
import { createNode, detach } from '../read/flist-node.ts'
import type { ChunkList, DirectoryNode, FlistParts, KeptRecords, KeptSubtree, Node } from '../tree.ts'
import { type KeptColumns, readColumns } from './kept-columns.ts'
import { KeptDirectory } from './kept-directory.ts'

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
 * Opens what `encodeKeptTree` gave. Nodes are as a flist has them: what it does not hold has to be added by who kept it.
 *
 * @param name stands for it in messages
 * @throws FlistError `corrupt`, also later, when a directory is looked at
 */
export function openKeptTree(bytes: Uint8Array, name: string): KeptTree {
  const columns = readColumns(bytes, name)
  const parts: FlistParts = { known: new Map(), used: new Map() }
  const chunkIds = columns.chunkIds(0)
  const chunkCount = chunkIds.length / FLIST_CHUNKS.idBytes
  const records = { key: columns.key, record: columns.record, chunkCount, parts }
  const owners = new Map(columns.owners.map((owner) => [aclKey(createAcl(owner)), owner]))

  function ownerOf(key: string): Owner {
    const owner = owners.get(key)
    if (owner) return owner
    throw new FlistError('corrupt', `${name}: has no owner "${key}"; delete it`)
  }

  function children(index: number): Map<string, Node<ChunkList>> {
    const nodes = new Map<string, Node<ChunkList>>()
    let next = index + 1
    for (const inode of decodeDirectory(columns.record(index), name).contents) {
      const owner = ownerOf(inode.aclKey)
      const node = createNode(inode, owner, inode.name, name)
      if (node.type !== 'directory') nodes.set(inode.name, detach(node))
      else {
        if (next >= columns.end(index)) throw new FlistError('corrupt', `${name}: lacks a directory; delete it`)
        nodes.set(inode.name, directory(next, owner, node.mtime))
        next = columns.end(next)
      }
    }
    return nodes
  }

  function directory(index: number, owner: Owner, mtime: number): KeptDirectory {
    const kept = columns.isWhole(index) ? () => subtree(columns, records, index) : () => undefined
    const record = { records, first: index, end: index + 1 }
    return new KeptDirectory({ ...owner, mtime }, record, () => children(index), kept)
  }

  const root = decodeDirectory(columns.record(0), name)
  return {
    root: directory(0, ownerOf(root.aclKey), root.modificationTime),
    chunkIds,
    parts,
  }
}

function subtree(columns: KeptColumns, records: KeptRecords, index: number): KeptSubtree {
  return {
    counts: columns.counts(index),
    hashes: columns.hashes(index),
    chunkIds: columns.chunkIds(index),
    owners: () => columns.ownersOf(index),
    records: { records, first: index, end: columns.end(index) },
  }
}
