import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type ChunkReader, FlistError, openChunkStore } from '@tf-images/flist'

/** How many chunks came from where. */
export type ChunkFetches = {
  /** From the store of the flist, and their bytes as stored. */
  readonly fetched: number
  readonly fetchedBytes: number
  /** From the cache. */
  readonly cached: number
}

/** A chunk store behind a cache. */
export type CachedChunks = Pick<ChunkReader, 'get'> & {
  readonly fetches: () => ChunkFetches
  /** Makes the cache as small as it may be; the stores behind it stay open. */
  readonly trim: () => Promise<void>
}

/** Files handled before others get their turn. */
const turn = 256

/**
 * Reads chunks from a folder, and those that are not there from their store, to keep them. What is in the folder is proven by its id
 * each time; what is damaged is fetched again. Any number of processes may share it.
 *
 * @param limit bytes the cache may have after `trim`, which removes what was not used for the longest time
 */
export async function openChunkCache(
  store: Pick<ChunkReader, 'get'>,
  folder: string,
  limit: number,
): Promise<CachedChunks> {
  const cache = await openChunkStore(folder)
  const used = new Set<string>()
  const counts = { fetched: 0, fetchedBytes: 0, cached: 0 }
  const find = async (id: Uint8Array) => {
    try {
      return await cache.get(id)
    } catch (error) {
      if (error instanceof FlistError && ['chunk-missing', 'chunk-corrupt'].includes(error.code)) return undefined
      throw error
    }
  }
  return {
    get: async (id) => {
      used.add(Buffer.from(id).toString('hex'))
      const kept = await find(id)
      if (kept) {
        counts.cached += 1
        return kept
      }
      const data = await store.get(id)
      await cache.put([{ id, data }])
      counts.fetched += 1
      counts.fetchedBytes += data.length
      return data
    },
    fetches: () => ({ ...counts }),
    trim: () => trimFolder(folder, used, limit),
  }
}

type KeptChunk = { readonly path: string; readonly bytes: number; readonly at: number }

/** Chunks are `<two digits>/<the others>` or `<two digits>/<all>`; nothing else in the folder is touched. */
async function trimFolder(folder: string, used: ReadonlySet<string>, limit: number): Promise<void> {
  const chunks: KeptChunk[] = []
  const now = Date.now() / 1000
  let total = 0
  let count = 0
  for (const part of readdirSync(folder).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    for (const name of readdirSync(join(folder, part)).filter((file) => /^[0-9a-f]{30,64}$/.test(file))) {
      if (count++ % turn === 0) await setImmediate()
      const path = join(folder, part, name)
      const stats = statSync(path, { throwIfNoEntry: false })
      if (!stats) continue
      const isUsed = used.has(part + name) || used.has(name)
      if (isUsed) touch(path, now)
      chunks.push({ path, bytes: stats.size, at: isUsed ? now : stats.mtimeMs / 1000 })
      total += stats.size
    }
  }
  for (const { path, bytes } of chunks.sort((a, b) => a.at - b.at)) {
    if (total <= limit) return
    rmSync(path, { force: true })
    total -= bytes
  }
}

/** Another process may have removed it. */
function touch(path: string, at: number): void {
  try {
    utimesSync(path, at, at)
  } catch {
    // Then it is not there to be kept.
  }
}
