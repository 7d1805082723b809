import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractFlist, openChunkStore } from '@tf-images/flist'
import {
  type BootOptions,
  type BootReport,
  bootDirectory,
  cloudKernelPackage,
  createBootFolder,
  fetchKernel,
} from '@tf-images/vm'
import { convertSource, runtimeConfig } from '../convert.ts'
import { imageCommand, imageEnvironment } from '../image-metadata.ts'
import { openFlistAt } from '../read.ts'
import { openSource, type SourceOptions } from '../source.ts'
import { type ChunkFetches, openChunkCache } from './chunk-cache.ts'
import { withDefaults } from './deployment.ts'

export type StartOptions = Omit<BootOptions, 'containerKernel'> &
  SourceOptions & {
    /** Chunk store of a flist. Default: the backend it names. */
    readonly chunks?: string
    /** Keeps the chunks of a flist that are fetched from elsewhere. Default: none are kept. */
    readonly chunkCache?: { readonly folder: string /** Bytes. */; readonly limit: number }
    /** Folder in which the kernel of containers is kept. */
    readonly kernelCache: string
    /** Debian package of that kernel. Default: the one for clouds. */
    readonly kernelPackage?: string
  }

/** How a start went, and where the chunks of a flist came from, where that was elsewhere. */
export type StartReport = BootReport & { readonly chunks?: ChunkFetches }

/**
 * Starts a flist, a directory, a root tar or an image the way zos does, and waits until it is ready. All but a directory are extracted
 * to a temporary folder first; an image goes through a flist, so that what starts is what a flist of it holds.
 *
 * @throws VmError, and what opening and extracting throw
 */
export async function startSource(name: string, options: StartOptions): Promise<StartReport> {
  const { kernelCache, kernelPackage = cloudKernelPackage, signal } = options
  const containerKernel = () => fetchKernel(kernelPackage, kernelCache, signal)
  const call = signal ? { signal } : {}
  const isFlist = /^https?:\/\//.test(name) || /\.(flist|fl)$/.test(name)
  if (isFlist) {
    return withFolder(options, async (folder) => {
      const { fetches, ...defaults } = await extract(name, folder, options)
      const report = await bootDirectory(join(folder, 'root'), { ...withDefaults(options, defaults), containerKernel })
      return fetches ? { ...report, chunks: fetches } : report
    })
  }
  const source = await openSource(name, options)
  try {
    if (source.kind === 'directory') return await bootDirectory(source.path, { ...options, containerKernel })
    return await withFolder(options, async (folder) => {
      const chunks = join(folder, 'chunks')
      const flist = join(folder, 'source.flist')
      await using store = closing(await openChunkStore(chunks))
      await convertSource(source, flist, store.value, { imageRaw: true, ...call })
      await extract(flist, folder, { ...call, chunks })
      const config = source.kind === 'image' ? runtimeConfig(source.image) : {}
      const defaults = { imageEntrypoint: imageCommand(config), environment: imageEnvironment(config) }
      return bootDirectory(join(folder, 'root'), { ...withDefaults(options, defaults), containerKernel })
    })
  } finally {
    await source.close()
  }
}

/** A folder that is gone at the end, and after a kill at the next start. */
async function withFolder<T>({ temporary = tmpdir() }: StartOptions, body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await createBootFolder(temporary)
  try {
    return await body(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @returns the command and the environment that the flist names, and where its chunks came from */
async function extract(flist: string, folder: string, options: Pick<StartOptions, 'chunks' | 'chunkCache' | 'signal'>) {
  const { chunks, chunkCache, signal } = options
  await using opened = await openFlistAt(flist, chunks)
  const store = await opened.chunks()
  const isElsewhere = chunks === undefined || /^[a-z]+:/.test(chunks.replace(/^dir:/, ''))
  const cached =
    chunkCache && isElsewhere ? await openChunkCache(store, chunkCache.folder, chunkCache.limit) : undefined
  await extractFlist(opened.flist, cached ?? store, join(folder, 'root'), signal ? { signal } : {})
  await cached?.trim()
  const { entrypoint: imageEntrypoint = [], environ: environment = {} } = opened.flist.metadata
  return { imageEntrypoint, environment, ...(cached ? { fetches: cached.fetches() } : {}) }
}

function closing<T extends { close(): Promise<void> }>(value: T) {
  return { value, [Symbol.asyncDispose]: () => value.close() }
}
