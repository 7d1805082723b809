import { createHash } from 'node:crypto'
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
  type Layer,
  readDirectory,
  readLayer,
  readRootTar,
} from '@tf-images/rootfs'
import { CONVERTER_VERSION } from './build-id.ts'
import { PipelineError } from './errors.ts'
import { type Backend, type ImageRuntimeConfig, imageMetadata } from './image-metadata.ts'
import { type ImageSource, readFileStream, type Source } from './source.ts'
import { startupToml } from './startup-toml.ts'

export type ConvertOptions = {
  /** Where readers of the flist find its chunks; recorded in the flist. */
  readonly backend?: Backend
  /** Adds `/.startup.toml` for runtimes that start from it. Off by default. */
  readonly startupToml?: boolean
  /** Threads that encode; see `createChunkWriter`. They change nothing in the result. */
  readonly workers?: number
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
}

/**
 * Converts a source to a flist and puts its chunks in a store. Reads every byte once and unpacks nothing. The result
 * depends on the source and the options alone: the same image digest gives the same bytes.
 *
 * The flist appears at `output` only when it is whole; chunks stored by a run that failed are found again by the next.
 *
 * @throws RegistryError, RootfsError, FlistError, PipelineError 'digest-mismatch'
 */
export async function convertSource(
  source: Source,
  output: string,
  store: ChunkStore,
  options: ConvertOptions = {},
): Promise<Conversion> {
  await using writer = createChunkWriter(store, options.workers === undefined ? {} : { workers: options.workers })
  const contents = observed(writer, options)
  const root = await readSource(source, contents, options.signal)
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
  return { ...summary, flist: output, newChunks: writer.stats.newChunks, newBytes: writer.stats.newBytes }
}

async function readSource(
  source: Source,
  contents: ContentStore<ChunkList>,
  signal?: AbortSignal,
): Promise<DirectoryNode<ChunkList>> {
  const options = signal ? { signal } : {}
  if (source.kind === 'directory') return readDirectory(source.path, contents, options)
  if (source.kind === 'root-tar') {
    return readRootTar(decompress(readFileStream(source.path)), contents, { ...options, name: source.title })
  }
  return applyLayers(await readLayers(source, contents, options))
}

async function readLayers(
  { image, reader, title }: ImageSource,
  contents: ContentStore<ChunkList>,
  options: { readonly signal?: AbortSignal },
): Promise<Layer<ChunkList>[]> {
  const layers: Layer<ChunkList>[] = []
  for (const [index, descriptor] of image.layers.entries()) {
    const name = `${title} layer ${index + 1}`
    const tar = decompress(reader.blob(image.reference, descriptor, options))
    layers.push(await readLayer(checkDiffId(tar, image.diffIds[index], name), contents, { ...options, name }))
  }
  return layers
}

/** Passes the bytes of a layer's tar through and compares their digest with the one the image config promises. */
async function* checkDiffId(tar: AsyncIterable<Uint8Array>, expected: string | undefined, name: string) {
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
