import {
  type ChunkList,
  type ChunkStore,
  createChunkWriter,
  type FlistMetadata,
  type FlistSummary,
  writeFlist,
} from '@tf-images/flist'
import type { ResolvedImage } from '@tf-images/registry'
import {
  applyLayers,
  type ContentStore,
  type DirectoryNode,
  decompress,
  readDirectory,
  readRootTar,
} from '@tf-images/rootfs'
import { CONVERTER_VERSION } from './build-id.ts'
import { type LayerCount, type LayerTarget, readImageLayers } from './image-layers.ts'
import { type Backend, type ImageRuntimeConfig, imageMetadata } from './image-metadata.ts'
import { FLIST_CHUNKS, type LayerCache } from './layer-cache.ts'
import { readFileStream, type Source } from './source.ts'
import { startupToml } from './startup-toml.ts'

export type ConvertOptions = {
  /** Where readers of the flist find its chunks; recorded in the flist. */
  readonly backend?: Backend
  /** Adds `/.startup.toml` for runtimes that start from it. Off by default. */
  readonly startupToml?: boolean
  /** Layers of images converted before; without it every layer is converted. The result is the same. */
  readonly layerCache?: LayerCache
  /** Called with the bytes of file content read so far, not more often than useful for display. */
  readonly onBytes?: (bytes: number) => void
  readonly signal?: AbortSignal
}

export type Conversion = FlistSummary & {
  /** The flist's path. */
  readonly flist: string
  /** Chunks and bytes as stored that the chunk store did not have before. */
  readonly newChunks: number
  readonly newBytes: number
  /** Of an image: how its layers were come by. */
  readonly layers?: LayerCount
}

/**
 * Converts a source to a flist and puts its chunks in a store. Reads every byte once, and layers that a cache knows not at
 * all; unpacks nothing. The result depends on the source and the options alone: the same image digest gives the same bytes.
 *
 * The flist appears at `output` only when it is whole; chunks stored by a run that failed are found again by the next.
 *
 * @throws RegistryError, RootfsError, FlistError, PipelineError 'digest-mismatch', 'cache-failed'
 */
export async function convertSource(
  source: Source,
  output: string,
  store: ChunkStore,
  options: ConvertOptions = {},
): Promise<Conversion> {
  const writer = createChunkWriter(store)
  const contents = observed(writer, options)
  const target = { contents, flush: () => writer.flush(), store, chunks: FLIST_CHUNKS }
  const { root, layers } = await readSource(source, target, options)
  if (source.kind === 'image' && options.startupToml) {
    const text = Buffer.from(startupToml(runtimeConfig(source.image)))
    const content = contents.open(text.length)
    await content.write(text)
    const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0 }
    root.children.set('.startup.toml', { type: 'file', size: text.length, content: await content.end(), ...attributes })
  }
  await writer.flush()
  options.signal?.throwIfAborted()
  const summary = await writeFlist(root, metadataOf(source, options.backend), output)
  const { newChunks, newBytes } = writer.stats
  return { ...summary, flist: output, newChunks, newBytes, ...(layers ? { layers } : {}) }
}

async function readSource(
  source: Source,
  target: LayerTarget,
  { layerCache, signal }: ConvertOptions,
): Promise<{ readonly root: DirectoryNode<ChunkList>; readonly layers?: LayerCount }> {
  const options = signal ? { signal } : {}
  const { contents } = target
  if (source.kind === 'directory') return { root: await readDirectory(source.path, contents, options) }
  if (source.kind === 'root-tar') {
    const tar = decompress(readFileStream(source.path))
    return { root: await readRootTar(tar, contents, { ...options, name: source.title }) }
  }
  const { layers, count } = await readImageLayers(source, target, {
    ...options,
    ...(layerCache ? { cache: layerCache } : {}),
  })
  return { root: applyLayers(layers), layers: count }
}

/** The same content store, with the bytes counted for display and the signal looked at. */
function observed(store: ContentStore<ChunkList>, options: ConvertOptions): ContentStore<ChunkList> {
  let bytes = 0
  return {
    open(size) {
      const content = store.open(size)
      return {
        write(part) {
          options.signal?.throwIfAborted()
          bytes += part.length
          options.onBytes?.(bytes)
          return content.write(part)
        },
        end: () => content.end(),
      }
    },
  }
}

function runtimeConfig(image: ResolvedImage): ImageRuntimeConfig {
  return image.config.config ?? {}
}

function metadataOf(source: Source, backend: Backend | undefined): FlistMetadata {
  if (source.kind !== 'image') return backend ? { backend: { ...backend } } : {}
  const { digest, configDescriptor, config } = source.image
  const platform = [config.os, config.architecture, config.variant].filter(Boolean).join('/')
  const origin = { digest, imageId: configDescriptor.digest, platform, converter: CONVERTER_VERSION }
  return imageMetadata(runtimeConfig(source.image), origin, backend)
}
