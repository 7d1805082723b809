import { type ChunkList, FLIST_CHUNKS, hasAllChunks } from '@tf-images/flist'
import type { DirectoryNode, Layer } from '@tf-images/rootfs'
import type { KeptLayers } from './image-layers.ts'
import { type SourceBudget, sumLayers } from './limits.ts'
import { chainIds, type KeptNow, type SaveParts } from './tree-cache.ts'

type Layers = readonly { readonly diffId: string }[]

/** The tree of the lowest layers of an image, and how many they are. */
export type LowerTree = {
  readonly root: DirectoryNode<ChunkList>
  readonly layers: number
  /** Whether the store has all chunks of it: what is made of it is worth nothing otherwise. */
  readonly isStored: Promise<boolean>
  readonly saveParts: SaveParts
}

/**
 * The tree of as many of the lowest layers as were kept together. Its chunks are looked for while other work goes on, as it is
 * rare that one is gone.
 */
export async function loadTree(
  layers: Layers,
  { cache: { trees }, store, chunks }: KeptLayers,
  budget: SourceBudget,
  signal?: AbortSignal,
): Promise<LowerTree | undefined> {
  if (trees === undefined || chunks !== FLIST_CHUNKS) return undefined
  const chain = chainIds(layers.map(({ diffId }) => diffId))
  for (const [index, chainId] of [...chain.entries()].reverse()) {
    let isStored: Promise<boolean> | undefined
    const dropped = new AbortController()
    const signals = signal ? [signal, dropped.signal] : [dropped.signal]
    const search = (ids: Uint8Array) => {
      isStored ??= hasAllChunks(store, { ids, idBytes: chunks.idBytes }, { signal: AbortSignal.any(signals) })
      // What went wrong is told to who waits for it.
      isStored.catch(() => {})
      return isStored
    }
    const tree = await trees.load(chainId, search)
    if (tree === undefined) {
      dropped.abort()
      continue
    }
    budget.addAll(tree.sums)
    isStored = search(tree.chunkIds)
    return { root: tree.root, layers: index + 1, isStored, saveParts: tree.saveParts }
  }
  return undefined
}

/**
 * Of how many layers the tree is worth to be kept. Those below the first new one will be there again when the new one is
 * built again; when none was known, others may be built on all of them.
 */
export function layersOfTree(layers: Layers, missing: Layers): number {
  const isNew = new Set(missing.map(({ diffId }) => diffId))
  const known = layers.findIndex(({ diffId }) => isNew.has(diffId))
  return known > 0 ? known : layers.length
}

/** Begins to keep the tree of these layers, and gives it back as something that can be changed; undefined when it is not kept. */
export async function keepTree(
  layers: Layers,
  known: ReadonlyMap<string, Layer<ChunkList>>,
  root: DirectoryNode<ChunkList>,
  { cache: { trees }, rest, chunks }: KeptLayers,
): Promise<KeptNow | undefined> {
  const chainId = chainIds(layers.map(({ diffId }) => diffId)).at(-1)
  if (trees === undefined || chunks !== FLIST_CHUNKS || chainId === undefined) return undefined
  const different = new Set(layers.map(({ diffId }) => diffId))
  const sums = sumLayers([...different].flatMap((diffId) => known.get(diffId) ?? []))
  const kept = await trees.keep(chainId, root, sums, rest())
  // What goes wrong is told to who waits for it.
  kept?.saved.catch(() => {})
  return kept
}
