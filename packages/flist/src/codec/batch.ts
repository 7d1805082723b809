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

/** Memories of one user of threads, who gives back those that no store reads any more, for himself and others. */
export type BatchMemories = {
  take(): BatchMemory
  /** No thread works in it. */
  give(memory: BatchMemory): void
  /** A thread may work in it, until `end`. */
  giveLater(memory: BatchMemory): void
  /** The threads have ended. */
  end(): void
}

export function createBatchMemories(): BatchMemories {
  const later: BatchMemory[] = []
  let hasEnded = false
  return {
    take: () => idle.pop() ?? createBatchMemory(),
    give: (memory) => void idle.push(memory),
    giveLater: (memory) => void (hasEnded ? idle : later).push(memory),
    end() {
      hasEnded = true
      idle.push(...later.splice(0))
    },
  }
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
