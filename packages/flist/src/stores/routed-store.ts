import { FlistError } from '../errors.ts'
import type { FlRoute } from '../fl/fl-route.ts'
import { type ChunkStore, formatChunkId } from './chunk-store.ts'
import { type OpenChunkStoreOptions, openChunkStore } from './open-store.ts'

/** A store that is only read. */
export type ChunkReader = Pick<ChunkStore, 'missing' | 'get' | 'close'>

type Shard = { readonly start: number; readonly end: number; readonly store: ChunkStore }

/**
 * Opens the stores a `.fl` names, as one: a chunk is in any store whose range has the first byte of its id (rfs, store
 * router). The addresses come out of a file: say first whether they are ones to open.
 *
 * @throws FlistError `invalid` for an address that is none, `store-failed` when a store cannot be opened
 */
export async function openRoutes(
  routes: readonly FlRoute[],
  options: OpenChunkStoreOptions = {},
): Promise<ChunkReader> {
  const stores = new Map<string, ChunkStore>()
  const close = async () => {
    for (const store of stores.values()) await store.close()
  }
  try {
    for (const { url } of routes) if (!stores.has(url)) stores.set(url, await openChunkStore(url, options))
  } catch (error) {
    await close()
    throw error
  }
  const shards = routes.flatMap(({ start, end, url }): Shard[] => {
    const store = stores.get(url)
    return store === undefined ? [] : [{ start, end, store }]
  })
  return { missing: (ids) => findMissing(shards, ids), get: (id) => getFromAny(shards, id), close }
}

function isRouted({ start, end }: Shard, [first = 0]: Uint8Array): boolean {
  return start <= first && first <= end
}

/** Asks each store for what those before it do not have. */
async function findMissing(shards: readonly Shard[], ids: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const absent = new Set(ids)
  for (const shard of shards) {
    const asked = [...absent].filter((id) => isRouted(shard, id))
    const missing = new Set(await shard.store.missing(asked))
    for (const id of asked) if (!missing.has(id)) absent.delete(id)
  }
  return [...absent]
}

async function getFromAny(shards: readonly Shard[], id: Uint8Array): Promise<Uint8Array> {
  let failure: unknown
  for (const shard of shards) {
    if (!isRouted(shard, id)) continue
    try {
      return await shard.store.get(id)
    } catch (error) {
      failure ??= error
    }
  }
  const remedy = 'say where the chunks are'
  throw failure ?? new FlistError('chunk-missing', `no route leads to chunk "${formatChunkId(id)}"; ${remedy}`)
}
