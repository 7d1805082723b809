import { BATCH_MEMORY, type Batch, type EncodedBatch, type StoredBatch, startOfEncoded } from '../src/codec/batch.ts'

/** A batch of these chunks, in memory that threads can share. */
export function makeBatch(plains: readonly Uint8Array[]): Batch {
  const memory = new Uint8Array(new SharedArrayBuffer(BATCH_MEMORY))
  let used = 0
  const ends = plains.map((plain) => {
    memory.set(plain, used)
    used += plain.length
    return used
  })
  return { memory, ends }
}

/** The encoded chunks of a batch, copied. */
export function takeChunks(
  batch: Batch,
  keys: Uint8Array,
  wanted: readonly number[],
  encoded: EncodedBatch | StoredBatch,
) {
  if ('stored' in encoded) throw new Error('they are stored')
  const { ids, ends, memory } = encoded
  const size = keys.length / batch.ends.length
  return wanted.map((piece, i) => ({
    id: ids.slice(size * i, size * (i + 1)),
    key: keys.slice(size * piece, size * (piece + 1)),
    data: memory.slice(startOfEncoded(ends, i), ends[i]),
  }))
}
