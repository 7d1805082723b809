import type { ChunkFormat } from './codec/chunk-format.ts'
import type { HashedNode } from './directory-hash.ts'
import { createIdSet } from './id-set.ts'
import type { ChunkList, DirectoryNode, KeptSubtree, TreeCounts } from './tree.ts'
import { createTreeHasher } from './tree-hash.ts'

/** What a tree holds; the root counts as a directory. */
export type TreeSummary = TreeCounts & {
  /** Different chunks, by id */
  readonly uniqueChunks: number
  /** See `hashTree` */
  readonly treeHash: string
  /** The same without times: equal for equal content, whenever it was built */
  readonly contentHash: string
}

/** A summary under construction; nodes come in the order of `hashTree`. */
export type TreeSummariser = {
  add(path: string, node: HashedNode): void
  /** Adds a directory and all below it. */
  addKept(path: string, node: DirectoryNode<ChunkList>, kept: KeptSubtree): void
  finish(): TreeSummary
}

/**
 * Summarises a tree from its nodes one by one.
 *
 * @param expectedChunks how many different ones there will be; there may be others
 */
export function createTreeSummariser(format: ChunkFormat, expectedChunks = 0): TreeSummariser {
  const counts = { files: 0, directories: 0, symlinks: 0, specials: 0, bytes: 0, chunks: 0 }
  const hasher = createTreeHasher(format)
  const ids = createIdSet(format.idBytes, expectedChunks)
  return {
    add(path, node) {
      hasher.add(path, node)
      if (node.type === 'directory') counts.directories++
      else if (node.type === 'symlink') counts.symlinks++
      else if (node.type !== 'file') counts.specials++
      else {
        counts.files++
        counts.bytes += node.size
        counts.chunks += node.content.length / format.entryBytes
        for (let at = 0; at < node.content.length; at += format.entryBytes) ids.add(node.content, at)
      }
    },
    addKept(path, node, { counts: kept, chunkIds, hashes }) {
      hasher.addKept(path, node, hashes)
      for (const name of ['files', 'directories', 'symlinks', 'specials', 'bytes', 'chunks'] as const) {
        counts[name] += kept[name]
      }
      for (let at = 0; at < chunkIds.length; at += format.idBytes) ids.add(chunkIds, at)
    },
    finish: () => ({ ...counts, uniqueChunks: ids.size, ...hasher.digest() }),
  }
}
