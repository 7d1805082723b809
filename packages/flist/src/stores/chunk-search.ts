import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { FlistError } from '../errors.ts'
import { CHUNK_SEARCH_THREAD_SOURCE } from './chunk-search-thread.generated.ts'
import type { ChunkSearchData, ChunkSearchReply } from './chunk-search-thread.ts'
import type { ChunkStore } from './chunk-store.ts'
import { type PackedIds, packedIds } from './packed-ids.ts'

export type ChunkSearchOptions = {
  /** Ids from which on a thread is worth its start, about 20 ms; 10,000 unless told, never where there is one processor. */
  readonly threadFrom?: number
  readonly signal?: AbortSignal
}

const THREAD_FROM = 10_000

/**
 * Whether a store has all of these chunks. Where they are files a thread looks for many, while other work goes on.
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
  if (files !== undefined && ids.ids.length >= threadFrom * ids.idBytes) return searchInThread(files, ids, signal)
  return (await store.missing([...packedIds(ids)])).length === 0
}

async function searchInThread(files: string, { ids, idBytes }: PackedIds, signal?: AbortSignal): Promise<boolean> {
  const own = new Uint8Array(ids)
  const workerData: ChunkSearchData = { files, ids: own, idBytes }
  // Flags of this process may not suit a thread that runs a script from memory.
  const worker = new Worker(CHUNK_SEARCH_THREAD_SOURCE, {
    eval: true,
    workerData,
    transferList: [own.buffer],
    execArgv: [],
    env: {},
  })
  const end = () => void worker.terminate()
  signal?.addEventListener('abort', end)
  try {
    const reply = await replyOf(worker, files)
    signal?.throwIfAborted()
    if ('failure' in reply) throw new FlistError(reply.failure.code, reply.failure.message)
    return reply.hasAll
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

function replyOf(worker: Worker, files: string): Promise<ChunkSearchReply> {
  const failed = (reason: string, cause?: unknown) =>
    new FlistError('store-failed', `${files}: a thread that looked for chunks ended (${reason}); run it again`, {
      cause,
    })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', (error) => reject(failed(String(error), error)))
    worker.once('exit', (code) => reject(failed(`exit code ${code}`)))
  })
}
