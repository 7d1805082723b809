import { type CodecMemory, createCodecMemory, instantiateCodec } from './codec-module.ts'
import { compiledCodec } from './wasm.ts'

/** Most plain bytes of a batch: enough to run chunks side by side, few enough to have several batches in memory. */
export const BATCH_BYTES = 4 << 20
/** Most chunks of a batch: bounds what small files need. */
export const BATCH_CHUNKS = 4096
/** Bytes between encoded chunks: a word that XXTEA uses. */
export const CHUNK_GAP = 4

/**
 * Memory of one batch after the other, which any thread can hash and encode where it lies. Both views are of `shared`, and for
 * {@link BATCH_BYTES} of plain chunks and what these take when they are encoded.
 */
export type BatchMemory = {
  /** Different for each memory of a process. */
  readonly number: number
  readonly shared: CodecMemory
  readonly plain: Uint8Array
  readonly encoded: Uint8Array
}

/** Plain chunks, one after the other in the `plain` of `memory`; `ends` says where each ends. */
export type Batch = { readonly memory: BatchMemory; readonly ends: readonly number[] }

/** The ids of encoded chunks, one after the other; the chunks lie in the batch's `encoded`, with gaps, and end at `ends`. */
export type EncodedBatch = {
  readonly ids: Uint8Array
  readonly ends: readonly number[]
  /** When they are stored by now: which of them the store did not have. */
  readonly stored?: readonly number[]
}

let memories = 0
/** V8's garbage collector does not see how large they are: those that are not used again would fill the machine. */
const idle: BatchMemory[] = []

/** Memory for batches; who uses it no more gives it to `returnBatchMemory`. */
export function takeBatchMemory(): BatchMemory {
  return idle.pop() ?? createBatchMemory()
}

/** For others to take: nobody may read or write it any more, no thread and no store. */
export function returnBatchMemory(memory: BatchMemory): void {
  idle.push(memory)
}

function createBatchMemory(): BatchMemory {
  const shared = createCodecMemory()
  const { INPUT, OUTPUT, MEMORY_SIZE } = instantiateCodec(compiledCodec(), shared)
  return {
    number: memories++,
    shared,
    plain: new Uint8Array(shared.buffer, INPUT.value, BATCH_BYTES),
    encoded: new Uint8Array(shared.buffer, OUTPUT.value, MEMORY_SIZE.value - OUTPUT.value),
  }
}

/** The bytes of encoded chunk number `i`: a view. */
export function encodedChunk({ encoded }: BatchMemory, ends: readonly number[], i: number): Uint8Array {
  return encoded.subarray(i === 0 ? 0 : (ends[i - 1] ?? 0) + CHUNK_GAP, ends[i])
}
