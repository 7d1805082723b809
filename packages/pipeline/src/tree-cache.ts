import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { CHUNK_SIZE, type ChunkList, encodeKeptTree, FLIST_CHUNKS, openKeptTree } from '@tf-images/flist'
import {
  applyLayers,
  type DirectoryNode,
  decodeLayer,
  encodeLayer,
  type IndexKind,
  IndexReader,
  IndexWriter,
  packIndex,
  unpackIndex,
} from '@tf-images/rootfs'
import { CONVERTER_VERSION } from './build-id.ts'
import { checkLength, readCacheFile, writeCacheFile } from './cache-files.ts'
import { findLosses } from './fidelity/losses.ts'
import type { LayerSums } from './limits.ts'

/** The tree of several layers, as it was when all of them were converted. */
export type KeptImageTree = {
  /** May be changed. What is not changed is not even read. */
  readonly root: DirectoryNode<ChunkList>
  /** Of all files, one behind the other; an id may be there several times. */
  readonly chunkIds: Uint8Array
  /** Of the layers. */
  readonly sums: LayerSums
}

/** Trees of 0-flists by their chains of layers, with what a flist makes of them. */
export type TreeCache = {
  /** The tree, or undefined where there is none; as with layers, what it names need not be in a chunk store. */
  load(chainId: string): Promise<KeptImageTree | undefined>
  /**
   * Keeps a tree, whose chunks must be stored by now. It is looked at before the call returns, and may be changed then.
   * @throws PipelineError 'cache-failed'
   */
  save(chainId: string, root: DirectoryNode<ChunkList>, sums: LayerSums): Promise<void>
}

/** It holds the identity, the sums, a layer with what a flist does not hold of the tree, and what it does. */
const KIND: IndexKind = { magic: 'tf-tree\0', version: 1, what: 'kept tree' }

const MAX_BYTES = 512 << 20

const compress = promisify<Uint8Array, object, Buffer>(zstdCompress)
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** As `openLayerCache`, for trees: a file each. */
export function openTreeCache(folder: string): TreeCache {
  const pathOf = (identity: string) => join(folder, createHash('sha256').update(identity).digest('hex'))
  return {
    load(chainId) {
      const identity = identityOf(chainId)
      const path = pathOf(identity)
      return readCacheFile(path, MAX_BYTES, (bytes) => decode(bytes, identity, path))
    },
    async save(chainId, root, sums) {
      const identity = identityOf(chainId)
      const data = encode(identity, root, sums)
      if (data === undefined || data.length > MAX_BYTES) return
      await writeCacheFile(pathOf(identity), packIndex(KIND, await compress(data, FAST), data.length))
    },
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
  return `tree of ${chainId} converter ${CONVERTER_VERSION} chunks ${FLIST_CHUNKS.name} ${CHUNK_SIZE}`
}

function encode(identity: string, root: DirectoryNode<ChunkList>, { entries, bytes }: LayerSums): Buffer | undefined {
  const losses = findLosses(root)
  if (losses === undefined) return undefined
  const writer = new IndexWriter()
  writer.text(identity)
  writer.number(entries)
  writer.number(bytes)
  writer.data(encodeLayer({ name: 'losses', entries: losses.entries }, identity, (content) => content))
  writer.data(encodeKeptTree(root, (_path, node) => !losses.nodes.has(node)))
  return writer.bytes
}

/** @throws RootfsError `index`, `limit`, FlistError `corrupt` */
function decode(bytes: Uint8Array, identity: string, name: string): KeptImageTree {
  const reader = new IndexReader(unpackIndex(KIND, bytes, name, MAX_BYTES), name)
  if (reader.text('its identity') !== identity) throw reader.failure('it is the tree of other layers')
  const sums = { entries: reader.number('the number of entries'), bytes: reader.number('the bytes of files') }
  const losses = decodeLayer(
    reader.data('what a flist does not hold'),
    identity,
    (list, size) => checkLength(list, size, FLIST_CHUNKS),
    { name },
  )
  const { root, chunkIds } = openKeptTree(reader.data('the tree'), name)
  reader.end()
  return { root: applyLayers([losses], root), chunkIds, sums }
}
