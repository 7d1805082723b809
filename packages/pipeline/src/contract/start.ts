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

export type StartOptions = Omit<BootOptions, 'containerKernel'> &
  SourceOptions & {
    /** Chunk store of a flist. Default: the backend it names. */
    readonly chunks?: string
    /** Folder in which the kernel of containers is kept. */
    readonly kernelCache: string
    /** Debian package of that kernel. Default: the one for clouds. */
    readonly kernelPackage?: string
  }

/**
 * Starts a flist, a directory, a root tar or an image the way zos does, and waits until it is ready. All but a directory are extracted
 * to a temporary folder first; an image goes through a flist, so that what starts is what a flist of it holds.
 *
 * @throws VmError, and what opening and extracting throw
 */
export async function startSource(name: string, options: StartOptions): Promise<BootReport> {
  const { kernelCache, kernelPackage = cloudKernelPackage, signal } = options
  const containerKernel = () => fetchKernel(kernelPackage, kernelCache, signal)
  const isFlist = /^https?:\/\//.test(name) || /\.(flist|fl)$/.test(name)
  if (isFlist) {
    return withFolder(options, async (folder) => {
      const defaults = await extract(name, options.chunks, folder, signal)
      return bootDirectory(join(folder, 'root'), { ...defaults, ...options, containerKernel })
    })
  }
  const source = await openSource(name, options)
  try {
    if (source.kind === 'directory') return await bootDirectory(source.path, { ...options, containerKernel })
    return await withFolder(options, async (folder) => {
      const chunks = join(folder, 'chunks')
      const flist = join(folder, 'source.flist')
      await using store = closing(await openChunkStore(chunks))
      await convertSource(source, flist, store.value, { imageRaw: true, ...(signal ? { signal } : {}) })
      await extract(flist, chunks, folder, signal)
      const config = source.kind === 'image' ? runtimeConfig(source.image) : {}
      const defaults = { entrypoint: imageCommand(config), environment: imageEnvironment(config) }
      return bootDirectory(join(folder, 'root'), { ...defaults, ...options, containerKernel })
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

/** @returns the command and the environment that the flist names */
async function extract(flist: string, chunks: string | undefined, folder: string, signal?: AbortSignal) {
  await using opened = await openFlistAt(flist, chunks)
  await extractFlist(opened.flist, await opened.chunks(), join(folder, 'root'), signal ? { signal } : {})
  const { entrypoint = [], environ: environment = {} } = opened.flist.metadata
  return { entrypoint, environment }
}

function closing<T extends { close(): Promise<void> }>(value: T) {
  return { value, [Symbol.asyncDispose]: () => value.close() }
}
