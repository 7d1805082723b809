import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { FlistError } from '../errors.ts'
import { CHUNK_SEARCH_THREAD_SOURCE } from './chunk-search-thread.generated.ts'
import type { ChunkSearchData, ChunkSearchReply } from './chunk-search-thread.ts'
import type { ChunkStore } from './chunk-store.ts'
import { type PackedIds, packedIds } from './packed-ids.ts'

type ChunkSearchOptions = {
  /** Ids from which on a thread is worth its start, about 20 ms; 10,000 unless told, never where there is one processor. */
  readonly threadFrom?: number
  readonly signal?: AbortSignal
}

const THREAD_FROM = 10_000

/**
 * Whether a store has all of these chunks. Where they are files a thread, if it can be had, looks for
 * many while other work goes on.
 *
 * @throws FlistError `store-failed`; the reason of the signal
 */
export async function hasAllChunks(
  store: Pick<ChunkStore, 'missing' | 'files'>,
  ids: PackedIds,
  { threadFrom = availableParallelism() > 1 ? THREAD_FROM : Number.POSITIVE_INFINITY, signal }: ChunkSearchOptions = {},
): Promise<boolean> {
  signal?.throwIfAborted()
  const { files } = store
  if (files !== undefined && ids.ids.length >= threadFrom * ids.idBytes) {
    const reply = await searchInThread(files, ids, signal).catch(() => undefined)
    signal?.throwIfAborted()
    if (reply && 'failure' in reply) throw new FlistError(reply.failure.code, reply.failure.message)
    if (reply) return reply.hasAll
  }
  return (await store.missing([...packedIds(ids)])).length === 0
}

/** Rejects when no thread can be had. */
async function searchInThread(
  files: string,
  { ids, idBytes }: PackedIds,
  signal?: AbortSignal,
): Promise<ChunkSearchReply> {
  const own = new Uint8Array(ids)
  const workerData: ChunkSearchData = { files, ids: own, idBytes }
  // Flags of this process may not suit a thread that runs a script from memory.
  const options = { eval: true, workerData, transferList: [own.buffer], execArgv: [], env: {} }
  const worker = new Worker(CHUNK_SEARCH_THREAD_SOURCE, options)
  const end = () => void worker.terminate()
  signal?.addEventListener('abort', end)
  try {
    return await replyOf(worker)
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

function replyOf(worker: Worker): Promise<ChunkSearchReply> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`exit code ${code}`)))
  })
}
