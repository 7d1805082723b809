import { splitHashes } from './chunk-entries.ts'
import { type BatchMemory, type EncodedBatch, encodedChunk } from './codec/batch.ts'
import { byteString } from './format/byte-string.ts'
import type { ChunkStore, StoredChunk } from './stores/chunk-store.ts'

/** Puts chunks of batches in a store. */
export type BatchPut = {
  /** Puts those that the store does not have; gives their places among the encoded ones. */
  put(memory: BatchMemory, encoded: EncodedBatch): Promise<readonly number[]>
  /** Whether the store may still read what was put from there: it does, or failed. */
  mayRead(memory: BatchMemory): boolean
}

/** For one writer, which puts no chunk twice. */
export function openBatchPut(store: ChunkStore, idBytes: number): BatchPut {
  const putMissing = store.openMissingPut?.()
  const read = new Set<BatchMemory>()

  async function put(memory: BatchMemory, { ids, ends }: EncodedBatch): Promise<readonly number[]> {
    const chunkAt = (i: number): StoredChunk => ({
      id: ids.subarray(idBytes * i, idBytes * (i + 1)),
      data: encodedChunk(memory, ends, i),
    })
    if (putMissing) return putMissing(ends.map((_, i) => chunkAt(i)))
    const places = new Map(splitHashes(ids, idBytes).map((id, i) => [id, i]))
    const missing = await store.missing([...places.values()].map((i) => chunkAt(i).id))
    const fresh = missing.flatMap((id) => places.get(byteString(id)) ?? [])
    read.add(memory)
    await store.put(fresh.map(chunkAt))
    read.delete(memory)
    return fresh
  }

  return { put, mayRead: (memory) => read.has(memory) }
}
