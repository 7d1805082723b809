import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type ChunkStore, type Flist, type FlRoute, openChunkStore, openFlist } from '@tf-images/flist'
import { downloadFlist } from '@tf-images/hub'
import { PipelineError } from './errors.ts'

/** A flist opened for looking inside, with the store its chunks are in. */
export type OpenedFlist = {
  readonly flist: Flist
  /** Opens the store on first use: listing needs no chunk. */
  readonly chunks: () => Promise<ChunkStore>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * Opens a flist by path or by http(s) address.
 *
 * @param location path of a flist, or where a hub serves it
 * @param chunks chunk store; by default the backend that the flist's own metadata names
 */
export async function openFlistAt(location: string, chunks?: string): Promise<OpenedFlist> {
  const folder = /^https?:\/\//.test(location) ? await mkdtemp(join(tmpdir(), 'flist-')) : undefined
  const path = folder ? join(folder, 'downloaded.flist') : location
  try {
    if (folder) await pipeline(downloadFlist(location), createWriteStream(path))
    return opened(await openFlist(path), location, chunks, folder)
  } catch (error) {
    if (folder) await rm(folder, { recursive: true, force: true })
    throw error
  }
}

function opened(flist: Flist, location: string, chunks: string | undefined, folder: string | undefined): OpenedFlist {
  let store: Promise<ChunkStore> | undefined
  return {
    flist,
    chunks: () => {
      const opening = store ?? openChunkStore(chunks ?? backendOf(flist, location))
      store = opening
      return opening
    },
    [Symbol.asyncDispose]: async () => {
      await (await store?.catch(() => undefined))?.close()
      flist.close()
      if (folder) await rm(folder, { recursive: true, force: true })
    },
  }
}

function backendOf(flist: Flist, location: string): string {
  const backend = flist.database.format === 'fl' ? routedBackend(flist.database.routes()) : namedBackend(flist)
  if (backend !== undefined) return backend
  throw new PipelineError(
    'bad-settings',
    `${location}: the flist names no backend for its chunks; give one with --chunks <dir | zdb://host:port/namespace>`,
  )
}

function namedBackend({ metadata: { backend } }: Flist): string | undefined {
  if (!backend?.host || !backend.port) return undefined
  return `zdb://${backend.host}:${backend.port}/${backend.namespace ?? 'default'}`
}

/** A single server for all chunks. A directory is not taken from a file that may come from anywhere. */
function routedBackend(routes: readonly FlRoute[]): string | undefined {
  const [route] = routes
  return routes.length === 1 && route?.url.startsWith('zdb://') ? route.url : undefined
}
