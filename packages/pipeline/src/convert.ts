import { stat } from 'node:fs/promises'
import {
  type ChunkFormat,
  type ChunkList,
  type ChunkStore,
  checkRoutes,
  createChunkWriter,
  FL_CHUNKS,
  FLIST_CHUNKS,
  type FlistMetadata,
  type FlistSummary,
  type FlRoute,
  type FlSummary,
  type TreeSummary,
  writeFl,
  writeFlist,
} from '@tf-images/flist'
import type { ResolvedImage } from '@tf-images/registry'
import { type ContentStore, type DirectoryNode, decompress, readDirectory, readRootTar } from '@tf-images/rootfs'
import { CONVERTER_VERSION } from './build-id.ts'
import type { FidelityClass } from './fidelity/classes.ts'
import { describeFidelity, type Fidelity, requireFidelity } from './fidelity/fidelity.ts'
import { type ImageLayersOptions, type ImageTree, type LayerCount, readImageTree } from './image-layers.ts'
import { type Backend, configMetadata, type ImageRuntimeConfig, imageMetadata } from './image-metadata.ts'
import { isDiskImage, measuringStore, refuseDiskImage } from './image-raw.ts'
import type { LayerCache } from './layer-cache.ts'
import { type Bounds, boundsOf, type ConvertLimits, createBudget, nameLimits } from './limits.ts'
import { LostChunks } from './lost-chunks.ts'
import { withOwnSignal } from './own-signal.ts'
import { refusePackedImage } from './packed-image.ts'
import { readFileStream, type Source } from './source.ts'
import { startupToml } from './startup-toml.ts'

export type ConvertOptions = {
  /** Where readers of the flist find its chunks; recorded in the flist. */
  readonly backend?: Backend
  /** Writes a `.fl` for rfs, which finds the chunks by these routes, and no 0-flist; `backend` is then not used. */
  readonly fl?: { readonly routes: readonly FlRoute[] }
  /** What a directory or a tar is told to be started with: only an image says so itself. */
  readonly config?: ImageRuntimeConfig
  /** Adds `/.startup.toml` for runtimes that start from it. Off by default. */
  readonly startupToml?: boolean
  /** Layers of images converted before; without it every layer is converted. The result is the same. */
  readonly layerCache?: LayerCache
  /** Classes of differences that make the conversion fail, before anything appears at the output. */
  readonly strict?: ReadonlySet<FidelityClass>
  /** Takes a tree that zos starts from its `image.raw`, which is refused otherwise. */
  readonly imageRaw?: boolean
  /** What a hostile source may cost; generous where not given. */
  readonly limits?: ConvertLimits
  /** Threads that encode; see `createChunkWriter`. They change nothing in the result. */
  readonly workers?: number
  /** Called with the bytes of file content read so far, not more often than useful for display. */
  readonly onBytes?: (bytes: number) => void
  readonly signal?: AbortSignal
}

export type Conversion = (FlistSummary | FlSummary) & {
  /** The flist's path. */
  readonly flist: string
  /** Chunks and bytes as stored that the chunk store did not have before. */
  readonly newChunks: number
  readonly newBytes: number
  /** Of an image: how its layers were come by. */
  readonly layers?: LayerCount
  /** What the flist does not hold of the source, or holds otherwise. */
  readonly fidelity: Fidelity
}

/**
 * Converts a source to a flist and puts its chunks in a store. Reads every byte once, and layers that a cache knows not at
 * all; unpacks nothing. The result depends on the source and the options alone: the same image digest gives the same bytes.
 *
 * The flist appears at `output` only when it is whole; chunks stored by a run that failed are found again by the next.
 *
 * @throws RegistryError, RootfsError, FlistError, PipelineError 'digest-mismatch', 'cache-failed', 'limit', 'not-faithful', 'image-raw'
 */
export async function convertSource(
  source: Source,
  output: string,
  store: ChunkStore,
  options: ConvertOptions = {},
): Promise<Conversion> {
  if (options.fl) checkRoutes(options.fl.routes)
  const { imageRaw, layerCache } = options
  // A refusal that is foreseen stores nothing.
  const target = !imageRaw && (await isDiskImage(source)) ? measuringStore(store) : store
  const convertOnce = (once: ConvertOptions) =>
    withOwnSignal(options.signal, (signal) => readAndWrite(source, output, target, { ...once, signal }))
  try {
    return await convertOnce(options)
  } catch (error) {
    if (!(error instanceof LostChunks) || !layerCache) throw error
    const { load, save } = layerCache
    const again = await convertOnce({ ...options, layerCache: { load, save } })
    return error.addTo(again)
  }
}

/** @throws LostChunks, and what `convertSource` throws */
async function readAndWrite(
  source: Source,
  output: string,
  store: ChunkStore,
  options: ConvertOptions,
): Promise<Conversion> {
  const format = options.fl ? FL_CHUNKS : FLIST_CHUNKS
  const { strict, imageRaw } = options
  const { root, layers, isStored, saveParts, ...need } = await storeContents(source, store, format, options)
  const { newChunks, newBytes } = need
  options.signal?.throwIfAborted()
  if (!imageRaw) refuseDiskImage(source.title, root, need)
  let fidelity: Fidelity = { findings: [], config: [] }
  const metadata = (tree: TreeSummary) => metadataOf(source, tree, options)
  const accept = async (oversizedDirectories?: readonly string[]) => {
    fidelity = describeFidelity(source, root, format, oversizedDirectories)
    if (strict) requireFidelity(source.title, fidelity, strict)
    if ((await isStored) === false) throw new LostChunks({ ...need, ...(layers ? { layers } : {}) })
  }
  const signal = options.signal ? { signal: options.signal } : {}
  const summary = options.fl
    ? await writeFl(root, { ...options.fl, metadata }, output, { ...signal, accept: () => accept() })
    : await writeFlist(root, metadata, output, {
        ...signal,
        async accept({ oversizedDirectories }) {
          await accept(oversizedDirectories)
          await saveParts?.()
        },
      })
  return { ...summary, flist: output, newChunks, newBytes, fidelity, ...(layers ? { layers } : {}) }
}

/** Stores all contents. What that needs, threads and megabytes of chunks, is gone when the flist is written. */
async function storeContents(source: Source, store: ChunkStore, format: ChunkFormat, options: ConvertOptions) {
  const { layerCache, signal, workers } = options
  await using writer = createChunkWriter(store, { format, ...(workers === undefined ? {} : { workers }) })
  const bounds = boundsOf(options.limits, await compressedBytesOf(source))
  const contents = observed(writer, options)
  const kept = layerCache && { cache: layerCache, flush: writer.flush, rest: writer.rest, store, chunks: format }
  const tree = await readSource(source, contents, {
    bounds,
    expect: writer.expect,
    ...(kept ? { kept } : {}),
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    throw nameLimits(error)
  })
  if (source.kind === 'image' && options.startupToml) await addStartupToml(tree.root, source.image, contents)
  await writer.flush()
  const { bytes, uniqueChunks, newChunks, newBytes } = writer.stats
  return { ...tree, bytes, uniqueChunks, newChunks, newBytes }
}

/** Adds `/.startup.toml`, made from the image's config. */
export async function addStartupToml(
  root: DirectoryNode<ChunkList>,
  image: ResolvedImage,
  contents: ContentStore<ChunkList>,
): Promise<void> {
  const text = Buffer.from(startupToml(runtimeConfig(image)))
  const content = contents.open(text.length)
  await content.write(text)
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0 }
  root.children.set('.startup.toml', { type: 'file', size: text.length, content: await content.end(), ...attributes })
}

/** Size of what a source is stored as; unknown for a directory, which is stored as it is. */
export async function compressedBytesOf(source: Source): Promise<number | undefined> {
  if (source.kind === 'directory') return undefined
  if (source.kind === 'root-tar') return (await stat(source.path)).size
  return source.image.layers.reduce((sum, { size }) => sum + size, 0)
}

export type ReadSourceOptions = Omit<ImageLayersOptions, 'bounds' | 'budget'> & {
  readonly bounds: Bounds
}

/** Reads the tree of a source; its files go to the content store. @throws PipelineError 'limit', and what readers throw */
export async function readSource(
  source: Source,
  contents: ContentStore<ChunkList>,
  options: ReadSourceOptions,
): Promise<Pick<ImageTree, 'root'> & Partial<ImageTree>> {
  const { bounds, signal } = options
  const budget = createBudget(bounds, source.title)
  const limited = budget.limit(contents)
  if (source.kind === 'directory') return { root: await readDirectory(source.path, limited, signal ? { signal } : {}) }
  if (source.kind === 'image') return readImageTree(source, limited, { ...options, budget })
  const { title: name } = source
  const compressedBytes = (await stat(source.path)).size
  options.expect?.(compressedBytes)
  const tar = decompress(readFileStream(source.path), { name, compressedBytes, limits: bounds.decompression })
  const root = await readRootTar(tar, limited, { limits: bounds.tar, name })
  refusePackedImage(root, name)
  return { root }
}

/** Bytes between two numbers that are shown: making one a text takes as long as handling so many. */
const SHOWN_EVERY = 256 * 1024

/** The same content store, with the bytes counted for display and the signal looked at. */
function observed(store: ContentStore<ChunkList>, options: ConvertOptions): ContentStore<ChunkList> {
  let bytes = 0
  let shown = 0
  return {
    open(size) {
      const content = store.open(size)
      return {
        write(part) {
          options.signal?.throwIfAborted()
          bytes += part.length
          if (bytes - shown >= SHOWN_EVERY) {
            shown = bytes
            options.onBytes?.(bytes)
          }
          return content.write(part)
        },
        end: () => content.end(),
      }
    },
  }
}

/** The part of an image's config that says how it is started. */
export function runtimeConfig(image: ResolvedImage): ImageRuntimeConfig {
  return image.config.config ?? {}
}

/** Only an image has a row `image`: a directory or a tar has nothing that names it. */
function metadataOf(
  source: Source,
  { treeHash, contentHash }: TreeSummary,
  options: Pick<ConvertOptions, 'backend' | 'config' | 'fl'>,
): FlistMetadata {
  // The routes of a .fl say where its chunks are.
  const backend = options.fl ? undefined : options.backend
  if (source.kind !== 'image')
    return { ...(backend ? { backend: { ...backend } } : {}), ...configMetadata(options.config ?? {}) }
  const { digest, configDescriptor, config } = source.image
  const platform = [config.os, config.architecture, config.variant].filter(Boolean).join('/')
  const converter = CONVERTER_VERSION
  const origin = { digest, imageId: configDescriptor.digest, platform, converter, treeHash, contentHash }
  return imageMetadata(runtimeConfig(source.image), origin, backend)
}
