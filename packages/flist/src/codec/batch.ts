/** Most plain bytes of a batch: enough to run chunks side by side, few enough to have several batches in memory. */
export const BATCH_BYTES = 4 << 20
/** Most chunks of a batch: bounds what small files need. */
export const BATCH_CHUNKS = 4096
/** What its chunks may take encoded, of either format, with gaps: snappy's bound, n + n/6 + 32 each, and up to 20 more. */
export const BATCH_MEMORY = BATCH_BYTES + Math.ceil(BATCH_BYTES / 6) + 52 * BATCH_CHUNKS
/** Bytes between encoded chunks: a word that XXTEA uses. */
export const CHUNK_GAP = 4

/** Plain chunks, one after the other from the start of `memory`; `ends` says where each ends. */
export type Batch = { readonly memory: Uint8Array; readonly ends: readonly number[] }

/** The ids of encoded chunks, one after the other, and the chunks, with gaps: `ends` says where each ends in `memory`. */
export type EncodedBatch = {
  readonly ids: Uint8Array
  readonly ends: readonly number[]
  readonly memory: Uint8Array
}

/** Encoded chunks as in {@link EncodedBatch}, but stored by now: which of them the store did not have. */
export type StoredBatch = {
  readonly ids: Uint8Array
  readonly ends: readonly number[]
  readonly stored: readonly number[]
}

/** Where encoded chunk number `i` begins. */
export function startOfEncoded(ends: readonly number[], i: number): number {
  return i === 0 ? 0 : (ends[i - 1] ?? 0) + CHUNK_GAP
}

/** Copies encoded chunks to the start of `memory`, which has {@link BATCH_MEMORY} bytes. */
export function keepEncoded(memory: Uint8Array, { ids, ends, memory: encoded }: EncodedBatch): EncodedBatch {
  memory.set(encoded)
  return { ids, ends, memory }
}
