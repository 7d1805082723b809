import { createHash } from 'node:crypto'
import { type ChunkFormat, type ChunkList, type ChunkStore, createIdSet, type IdSet } from '@tf-images/flist'
import type { BlobBytes } from '@tf-images/registry'
import {
  applyLayers,
  type ContentStore,
  type DirectoryNode,
  decompress,
  type Layer,
  readLayer,
} from '@tf-images/rootfs'
import { PipelineError } from './errors.ts'
import { keepTree, layersOfTree, loadTree } from './image-trees.ts'
import type { LayerCache } from './layer-cache.ts'
import { type Bounds, type SourceBudget, sumLayers } from './limits.ts'
import { type ReadAhead, readAhead } from './read-ahead.ts'
import type { ImageSource } from './source.ts'
import type { SaveParts } from './tree-cache.ts'

/** How the layers of an image were come by. */
export type LayerCount = {
  readonly total: number
  /** Those that needed no reading: kept from an earlier conversion, or there twice in the image. */
  readonly cached: number
}

export type ImageTree = {
  readonly root: DirectoryNode<ChunkList>
  readonly layers: LayerCount
  /** False when the store lost chunks of a kept tree, which this one then is not worth more than. */
  readonly isStored: Promise<boolean>
  /** Called when the records of the flist are written; without it there is nothing to keep of them. */
  readonly saveParts?: SaveParts | undefined
}

/** Converted layers that are kept between conversions, and what tells whether they may be used and kept. */
export type KeptLayers = {
  readonly cache: LayerCache
  /** Resolves when all contents so far are stored. */
  readonly flush: () => Promise<void>
  /** The same, and gives memory back that other work then has. */
  readonly rest: () => Promise<void>
  readonly store: ChunkStore
  /** Format of the chunks that the contents become. */
  readonly chunks: ChunkFormat
}

export type ImageLayersOptions = {
  readonly kept?: KeptLayers
  /** What a layer that is converted may cost. */
  readonly bounds: Pick<Bounds, 'tar' | 'decompression'>
  /** What all layers together may cost; `contents` counts the files that are read. */
  readonly budget: SourceBudget
  /** Called with how many bytes are to be read at least, before they are. */
  readonly expect?: (bytes: number) => unknown
  readonly signal?: AbortSignal
}

/** Compressed bytes of a layer that wait to be converted; there are two such layers at most. */
const AHEAD_BYTES = 4 << 20

/** One layer to be read, with its place in the image. */
type WantedLayer = {
  readonly diffId: string
  readonly name: string
  /** Bytes of the blob. */
  readonly size: number
  readonly blob: () => BlobBytes
}

/**
 * The tree of an image's layers. Those the cache has, and whose chunks are all in the store, are neither
 * downloaded nor read, and the tree of the lowest ones may be there as a whole; of the others each is converted once, one
 * after the other, while the next is being downloaded.
 *
 * A layer is kept in the cache when its blob's digest and its diffID were checked and its chunks are stored, so that a
 * conversion that is cut off later need not do it again.
 *
 * @throws RegistryError, RootfsError, FlistError, PipelineError 'digest-mismatch', 'limit'
 */
export async function readImageTree(
  source: ImageSource,
  contents: ContentStore<ChunkList>,
  options: ImageLayersOptions,
): Promise<ImageTree> {
  const all = wantedLayers(source, options.signal)
  const { budget, kept } = options
  const below = kept && (await loadTree(all, kept, budget, options.signal))
  const wanted = all.slice(below?.layers)
  const known = new Map<string, Layer<ChunkList>>()
  const unique = [...new Map(wanted.map((layer) => [layer.diffId, layer])).values()]
  const counted = new Set(all.slice(0, below?.layers ?? 0).map(({ diffId }) => diffId))
  if (kept) await loadLayers(unique, kept, budget, counted, known)
  const missing = unique.filter(({ diffId }) => !known.has(diffId))
  options.expect?.(missing.reduce((sum, { size }) => sum + size, 0))
  const saving: Promise<void>[] = []
  try {
    await convertLayers(missing, contents, options, (diffId, layer) => {
      known.set(diffId, layer)
      if (kept) saving.push(keepLayer(diffId, layer, kept))
    })
    const layers = wanted.map(({ diffId, name }) => ({ name, entries: known.get(diffId)?.entries ?? [] }))
    const lower = below ? 0 : layersOfTree(wanted, missing)
    const tree = applyLayers(layers.slice(0, lower), below?.root)
    const now = kept && lower > 0 ? await keepTree(wanted.slice(0, lower), known, tree, kept) : undefined
    if (now) saving.push(now.saved)
    const root = applyLayers(layers.slice(lower), now?.root ?? tree)
    await Promise.all(saving)
    const layerCount = { total: all.length, cached: all.length - missing.length }
    const { isStored = Promise.resolve(true), saveParts } = below ?? {}
    return { root, layers: layerCount, isStored, saveParts: now?.saveParts ?? saveParts }
  } finally {
    await Promise.allSettled(saving)
  }
}

/** Keeps a layer when its chunks are stored, while other work goes on. */
function keepLayer(diffId: string, layer: Layer<ChunkList>, { cache, flush, chunks }: KeptLayers): Promise<void> {
  const kept = flush().then(() => cache.save(diffId, chunks, layer))
  // What went wrong is told when all layers are read.
  kept.catch(() => {})
  return kept
}

function wantedLayers({ image, reader, title }: ImageSource, signal?: AbortSignal): WantedLayer[] {
  return image.layers.map((descriptor, index) => ({
    // resolving an image has made sure that there are as many
    diffId: image.diffIds[index] ?? '',
    name: `${title} layer ${index + 1}`,
    size: descriptor.size,
    blob: () => reader.blob(image.reference, descriptor, signal ? { signal } : {}),
  }))
}

/** Adds to `known` the layers that need not be converted. Those that are `counted` are in the tree below as well. */
async function loadLayers(
  wanted: readonly WantedLayer[],
  kept: KeptLayers,
  budget: SourceBudget,
  counted: ReadonlySet<string>,
  known: Map<string, Layer<ChunkList>>,
): Promise<void> {
  let stored = createIdSet(kept.chunks.idBytes)
  for (const { diffId, name } of wanted) {
    const layer = await kept.cache.load(diffId, kept.chunks, name)
    if (!layer) continue
    if (!(await areStored(layer, kept, stored))) {
      // Which of them are there is not worth to be known: another layer asks again.
      stored = createIdSet(kept.chunks.idBytes)
      continue
    }
    if (!counted.has(diffId)) budget.addAll(sumLayers([layer]))
    known.set(diffId, layer)
  }
}

/** Whether a store has all chunks of a layer. `stored` has the ids that it is known to have, and gets those of the layer. */
async function areStored(layer: Layer<ChunkList>, { store, chunks }: KeptLayers, stored: IdSet): Promise<boolean> {
  const asked: Uint8Array[] = []
  for (const entry of layer.entries) {
    if (entry.type !== 'file') continue
    const { content } = entry
    for (let at = 0; at < content.length; at += chunks.entryBytes) {
      if (stored.add(content, at)) asked.push(content.subarray(at, at + chunks.idBytes))
    }
  }
  return (await store.missing(asked)).length === 0
}

/** Converts layers and calls `done` with each, in their order. */
async function convertLayers(
  wanted: readonly WantedLayer[],
  contents: ContentStore<ChunkList>,
  { bounds, budget }: ImageLayersOptions,
  done: (diffId: string, layer: Layer<ChunkList>) => void,
): Promise<void> {
  const begin = (layer: WantedLayer | undefined) => layer && readAhead(layer.blob(), AHEAD_BYTES)
  let next = begin(wanted[0])
  try {
    for (const [index, { diffId, name, size }] of wanted.entries()) {
      const blob: ReadAhead | undefined = next
      if (!blob) break
      next = begin(wanted[index + 1])
      const limits = bounds.decompression
      const plain = decompress(blob, { name, compressedBytes: size, isChecked: true, limits })
      const tar = checkDiffId(plain, diffId, name)
      const layer = await readLayer(tar, contents, { name, limits: bounds.tar }).finally(blob.close)
      budget.addEntries(layer)
      done(diffId, layer)
    }
  } finally {
    next?.close()
  }
}

/** Passes the bytes of a layer's tar through and compares their digest with the one the image config promises. */
async function* checkDiffId(tar: AsyncIterable<Uint8Array>, expected: string, name: string) {
  const hash = createHash('sha256')
  for await (const bytes of tar) {
    hash.update(bytes)
    yield bytes
  }
  const actual = `sha256:${hash.digest('hex')}`
  if (expected !== actual) {
    throw new PipelineError(
      'digest-mismatch',
      `${name}: its content is ${actual}, the image config says ${expected}; the image was put together wrongly: build it again`,
    )
  }
}
