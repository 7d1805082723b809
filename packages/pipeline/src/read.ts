import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type ChunkReader, type Flist, openChunkStore, openFlist, openRoutes } from '@tf-images/flist'
import { PipelineError } from './errors.ts'

/** A flist opened for looking inside, with the store its chunks are in. */
export type OpenedFlist = {
  readonly flist: Flist
  /** Opens the store on first use: listing needs no chunk. */
  readonly chunks: () => Promise<ChunkReader>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * Opens a flist by path or by http(s) address.
 *
 * @param location path of a flist, or where a hub serves it
 * @param chunks chunk store, or where it is; by default the backend that the flist's own metadata names. One that is open stays so
 */
export async function openFlistAt(location: string, chunks?: string | ChunkReader): Promise<OpenedFlist> {
  const folder = /^https?:\/\//.test(location) ? await mkdtemp(join(tmpdir(), 'flist-')) : undefined
  const path = folder ? join(folder, 'downloaded.flist') : location
  try {
    if (folder) await download(location, path)
    return opened(await openFlist(path), location, chunks, folder)
  } catch (error) {
    if (folder) await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function download(url: string, path: string): Promise<void> {
  const { downloadFlist } = await import('@tf-images/hub')
  await pipeline(downloadFlist(url), createWriteStream(path))
}

function opened(
  flist: Flist,
  location: string,
  chunks: string | ChunkReader | undefined,
  folder: string | undefined,
): OpenedFlist {
  let store: Promise<ChunkReader> | undefined
  return {
    flist,
    chunks: async () => {
      if (typeof chunks === 'object') return chunks
      store ??= chunks === undefined ? openBackend(flist, location) : openChunkStore(chunks, { create: false })
      return store
    },
    [Symbol.asyncDispose]: async () => {
      await (await store?.catch(() => undefined))?.close()
      flist.close()
      if (folder) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Opens what a flist names for its chunks: the 0-db of its metadata, or those of the routes of a `.fl`. */
async function openBackend(flist: Flist, location: string): Promise<ChunkReader> {
  if (flist.database.format === 'fl') {
    const routes = flist.database.routes()
    // The file may come from anywhere: it does not choose directories of this machine.
    if (routes.length > 0 && routes.every(({ url }) => url.startsWith('zdb://'))) return openRoutes(routes)
  } else {
    const { backend } = flist.metadata
    if (backend?.host && backend.port) {
      return openChunkStore(`zdb://${backend.host}:${backend.port}/${backend.namespace ?? 'default'}`)
    }
  }
  throw new PipelineError(
    'bad-settings',
    `${location}: the flist names no backend for its chunks; give one with --chunks <dir | zdb://host:port/namespace>`,
  )
}
