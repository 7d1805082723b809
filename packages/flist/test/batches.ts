import { type Batch, createBatchMemories, type EncodedBatch, encodedChunk } from '../src/codec/batch.ts'

/** A batch of these chunks. */
export function makeBatch(plains: readonly Uint8Array[]): Batch {
  const memory = createBatchMemories().take()
  let used = 0
  const ends = plains.map((plain) => {
    memory.plain.set(plain, used)
    used += plain.length
    return used
  })
  return { memory, ends }
}

/** The encoded chunks of a batch, copied. */
export function takeChunks(batch: Batch, keys: Uint8Array, wanted: readonly number[], { ids, ends }: EncodedBatch) {
  const size = keys.length / batch.ends.length
  return wanted.map((piece, i) => ({
    id: ids.slice(size * i, size * (i + 1)),
    key: keys.slice(size * piece, size * (piece + 1)),
    data: encodedChunk(batch.memory, ends, i).slice(),
  }))
}
