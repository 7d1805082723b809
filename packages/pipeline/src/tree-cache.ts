import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  CHUNK_SIZE,
  type ChunkList,
  chunkIdsAtEnd,
  encodeKeptTree,
  FLIST_CHUNKS,
  FlistError,
  openKeptTree,
} from '@tf-images/flist'
import {
  applyLayers,
  type DirectoryNode,
  decodeLayer,
  encodeLayer,
  type IndexKind,
  IndexReader,
  IndexWriter,
  packIndex,
  RootfsError,
  unpackIndex,
} from '@tf-images/rootfs'
import { CONVERTER_VERSION } from './build-id.ts'
import { checkLength, readCacheFile, writeCacheFile } from './cache-files.ts'
import { findLosses, LOSSES_VERSION } from './fidelity/losses.ts'
import type { LayerSums } from './limits.ts'
import { openPartsCache } from './parts-cache.ts'

/** The tree of several layers, as it was when all of them were converted. */
export type KeptImageTree = {
  /** May be changed. What is not changed is not even read. */
  readonly root: DirectoryNode<ChunkList>
  /** Of all files, one behind the other; an id may be there several times. */
  readonly chunkIds: Uint8Array
  /** Of the layers. */
  readonly sums: LayerSums
  readonly saveParts: SaveParts
}

/** Keeps what the flist that was made of the tree has in common with the next one. */
export type SaveParts = () => Promise<void>

/** Trees of 0-flists by their chains of layers, with what a flist makes of them. */
export type TreeCache = {
  /**
   * The tree, or undefined where there is none; as with layers, what it names need not be in a chunk store.
   *
   * @param onChunks called with the ids of its chunks before it is known whether it is sound: then they are just bytes
   */
  load(chainId: string, onChunks?: (chunkIds: Uint8Array) => void): Promise<KeptImageTree | undefined>
  /**
   * Begins to keep a tree, and gives it back with what a flist makes of it. It must stay as it is until the promise resolves: with
   * undefined for one that no flist can hold, or that is too large to be worth it.
   *
   * @param stored resolves when all its chunks are stored; when it rejects, so does this, and nothing is kept
   */
  keep(
    chainId: string,
    root: DirectoryNode<ChunkList>,
    sums: LayerSums,
    stored?: Promise<unknown>,
  ): Promise<KeptNow | undefined>
}

export type KeptNow = {
  /** The tree as another object, to be used instead. */
  readonly root: DirectoryNode<ChunkList>
  /** Resolves when it is kept. @throws PipelineError 'cache-failed' */
  readonly saved: Promise<void>
  readonly saveParts: SaveParts
}

/**
 * It holds the identity, the sums, a layer with what a flist does not hold of the tree, and what it does. To compress it would take
 * longer than all else.
 */
const KIND: IndexKind = { magic: 'tf-tree\0', version: 4, what: 'kept tree', compressed: false }

/** Larger files are none of ours: what is kept has 128 MiB, and its losses less. */
const MAX_BYTES = 256 << 20

/** As `openLayerCache`, for trees: a file each. */
export function openTreeCache(folder: string): TreeCache {
  const pathOf = (identity: string) => join(folder, createHash('sha256').update(identity).digest('hex'))
  return {
    async load(chainId, onChunks) {
      const identity = identityOf(chainId)
      const path = pathOf(identity)
      const tree = await readCacheFile(path, MAX_BYTES, (bytes) => {
        onChunks?.(chunkIdsAtEnd(bytes))
        return decode(unpackIndex(KIND, bytes, path, MAX_BYTES), identity, path)
      })
      if (!tree) return undefined
      const { parts, ...rest } = tree
      const cache = openPartsCache(folder, identity)
      await cache.load(parts)
      return { ...rest, saveParts: () => cache.save(parts) }
    },
    async keep(chainId, root, sums, stored) {
      const identity = identityOf(chainId)
      const path = pathOf(identity)
      const kept = await tryToKeep(identity, root, sums, path, stored)
      // One that cannot be kept waited for nothing, and what a store says is no reason not to keep a tree.
      await stored
      return (
        kept && {
          root: kept.root,
          saved: writeCacheFile(path, () => packIndex(KIND, kept.data)),
          saveParts: () => openPartsCache(folder, identity).save(kept.parts),
        }
      )
    },
  }
}

/** What cannot be kept is no reason for a conversion to fail: it goes on with the tree as it is. */
async function tryToKeep(
  identity: string,
  root: DirectoryNode<ChunkList>,
  sums: LayerSums,
  name: string,
  stored?: Promise<unknown>,
) {
  try {
    const data = await encode(identity, root, sums, stored)
    if (!data) return undefined
    const { root: opened, parts } = decode(data, identity, name)
    return { data, root: opened, parts }
  } catch (error) {
    if (error instanceof FlistError || error instanceof RootfsError) return undefined
    throw error
  }
}

/**
 * What stands for each number of layers, the lowest first, put on top of each other.
 * https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
 */
export function chainIds(diffIds: readonly string[]): string[] {
  const chain: string[] = []
  for (const diffId of diffIds) {
    const below = chain.at(-1)
    chain.push(
      below === undefined ? diffId : `sha256:${createHash('sha256').update(`${below} ${diffId}`).digest('hex')}`,
    )
  }
  return chain
}

function identityOf(chainId: string): string {
  return `tree ${KIND.version} of ${chainId} converter ${CONVERTER_VERSION} losses ${LOSSES_VERSION} chunks ${FLIST_CHUNKS.name} ${CHUNK_SIZE}`
}

async function encode(
  identity: string,
  root: DirectoryNode<ChunkList>,
  { entries, bytes }: LayerSums,
  stored?: Promise<unknown>,
): Promise<Buffer | undefined> {
  const tree = await encodeKeptTree(root, stored)
  // Of a tree that a flist can hold, with all chunk ids: it is sure now that it is one.
  const losses = findLosses(root)
  if (losses === undefined) return undefined
  const writer = new IndexWriter()
  writer.text(identity)
  writer.number(entries)
  writer.number(bytes)
  writer.data(encodeLayer({ name: 'losses', entries: losses }, identity, (content) => content))
  // Last, and not copied more than once: it is large.
  return Buffer.concat([writer.bytes, ...tree])
}

/** @throws RootfsError `index`, `limit`, FlistError `corrupt` */
function decode(data: Buffer, identity: string, name: string) {
  const reader = new IndexReader(data, name)
  if (reader.text('its identity') !== identity) throw reader.failure('it is the tree of other layers')
  const sums = { entries: reader.number('the number of entries'), bytes: reader.number('the bytes of files') }
  const lost = reader.data('what a flist does not hold')
  const losses = decodeLayer(lost, identity, (list, size) => checkLength(list, size, FLIST_CHUNKS), { name })
  const tree = losses.entries.length > 0 ? applyLayers([losses]) : undefined
  const { root, chunkIds, parts } = openKeptTree(reader.rest(), name, tree)
  return { root, chunkIds, parts, sums }
}
