import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { CHUNK_SIZE, type ChunkFormat, type ChunkList } from '@tf-images/flist'
import { decodeLayer, encodeLayer, type Layer } from '@tf-images/rootfs'
import { CONVERTER_VERSION } from './build-id.ts'
import { checkLength, readCacheFile, writeCacheFile } from './cache-files.ts'
import { openTreeCache, type TreeCache } from './tree-cache.ts'

/** Layers as they were converted before, by diffID. */
export type LayerCache = {
  /**
   * The layer, or undefined where there is none that can be used; a file that is damaged, of another layer or of another
   * version is deleted. What it names need not be in a chunk store: that is for the caller to ask.
   *
   * @param name what the layer is called in messages
   */
  load(diffId: string, chunks: ChunkFormat, name: string): Promise<Layer<ChunkList> | undefined>
  /** Keeps a layer, whose chunks must be stored by now. @throws PipelineError 'cache-failed' */
  save(diffId: string, chunks: ChunkFormat, layer: Layer<ChunkList>): Promise<void>
  /** Trees of several layers; a cache need not have them. */
  readonly trees?: TreeCache
}

/** Larger files are no index: `decodeLayer` takes 512 MiB before compression. */
const MAX_FILE_BYTES = 512 << 20

/**
 * A cache in a directory, which is made when the first layer is kept. Each layer is one file, named by the sha256 of all it
 * depends on: diffID, converter version, chunk format. A file appears whole or not at all, so any number of processes may
 * share the directory. Who can write to it decides what is in flists, as with the images themselves.
 */
export function openLayerCache(folder: string): LayerCache {
  async function load(diffId: string, chunks: ChunkFormat, name: string): Promise<Layer<ChunkList> | undefined> {
    const identity = identityOf(diffId, chunks)
    const decodeContent = (bytes: Uint8Array, size: number) => checkLength(bytes, size, chunks)
    const path = layerIndexPath(folder, diffId, chunks)
    return readCacheFile(path, MAX_FILE_BYTES, (bytes) => ({
      ...decodeLayer(bytes, identity, decodeContent, { name: path }),
      name,
    }))
  }

  async function save(diffId: string, chunks: ChunkFormat, layer: Layer<ChunkList>): Promise<void> {
    const encode = () => [encodeLayer(layer, identityOf(diffId, chunks), (content) => content)]
    await writeCacheFile(layerIndexPath(folder, diffId, chunks), encode)
  }

  return { load, save, trees: openTreeCache(join(folder, 'trees')) }
}

/** Where {@link openLayerCache} keeps a layer in its folder. */
export function layerIndexPath(folder: string, diffId: string, chunks: ChunkFormat): string {
  return join(folder, createHash('sha256').update(identityOf(diffId, chunks)).digest('hex'))
}

/** All that the index of a layer depends on. */
function identityOf(diffId: string, { name }: ChunkFormat): string {
  return `${diffId} converter ${CONVERTER_VERSION} chunks ${name} ${CHUNK_SIZE}`
}
