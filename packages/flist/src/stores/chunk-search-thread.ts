// What a thread runs that looks for chunks; bundled as source text into chunk-search-thread.generated.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { FlistError, type FlistErrorCode } from '../errors.ts'
import { openChunkFiles } from './chunk-files.ts'
import { type PackedIds, packedIds } from './packed-ids.ts'

/** What a thread is started with: which chunks, and the directory where they should be. */
export type ChunkSearchData = PackedIds & { readonly files: string }

/** Whether all are there, or why that can not be said. */
export type ChunkSearchReply =
  | { readonly hasAll: boolean }
  | { readonly failure: { readonly code: FlistErrorCode; readonly message: string } }

parentPort?.postMessage(search(workerData as ChunkSearchData))

function search({ files, ...ids }: ChunkSearchData): ChunkSearchReply {
  const { has } = openChunkFiles(files)
  try {
    for (const id of packedIds(ids)) if (!has(id)) return { hasAll: false }
    return { hasAll: true }
  } catch (error) {
    if (!(error instanceof FlistError)) throw error
    return { failure: { code: error.code, message: error.message } }
  }
}
