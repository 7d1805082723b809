import { availableParallelism } from 'node:os'
import type { Batch, ChunkCodec, EncodedBatch } from './chunk-codec.ts'
import { type CodecKind, createCodecOf } from './codec-kind.ts'
import { startCodecThreads } from './codec-threads.ts'
import { compiledCodec } from './wasm.ts'

export type BatchCodecOptions = {
  /** Threads that encode; 0 encodes where it is called. Unless told, one per further processor, at most 3. */
  readonly workers?: number
  /** Plain bytes after which threads are worth their start (about 50 ms of one processor); 4 MiB unless told. */
  readonly workersAfter?: number
}

/** Where threads store what they encode: the directory of a store. Without threads, or one, nothing is stored here. */
export type BatchDestination = { readonly files?: string | undefined }

/** Hashes and encodes batches: in place for the first ones, then in threads. The results are the same. */
export type BatchCodec = {
  /** Batches that are worth having under way at once. */
  readonly window: number
  hashBatch(batch: Batch): Promise<Uint8Array>
  encodeBatch(batch: Batch, keys: Uint8Array, wanted: readonly number[]): Promise<EncodedBatch>
  /** Ends the threads. */
  close(): Promise<void>
}

/** One layer cannot be decompressed fast enough for more, and each takes memory. */
const MOST_WORKERS = 3
const WORKERS_AFTER = 4 << 20
/** Batches that can be encoded or on their way to the store without threads. */
const INLINE_WINDOW = 4

/** Batches of chunks of one format. */
export function createBatchCodec(kind: CodecKind, options: BatchCodecOptions & BatchDestination = {}): BatchCodec {
  const { files, workers = defaultWorkers(), workersAfter = WORKERS_AFTER } = options
  let codec: Pick<BatchCodec, 'hashBatch' | 'encodeBatch' | 'close'> | undefined
  let threaded = false
  let encoded = 0

  function current() {
    if (workers > 0 && !threaded && encoded >= workersAfter) {
      threaded = true
      codec = startCodecThreads(workers, kind, files)
    }
    codec ??= createInlineCodec(createCodecOf(kind, compiledCodec()))
    return codec
  }

  return {
    // Two for each thread, so that none waits, and one on its way to the store.
    window: Math.max(INLINE_WINDOW, 2 * workers + 1),
    hashBatch: (batch) => current().hashBatch(batch),
    encodeBatch(batch, keys, wanted) {
      const codec = current()
      for (const i of wanted) encoded += (batch.ends[i] ?? 0) - (batch.ends[i - 1] ?? 0)
      return codec.encodeBatch(batch, keys, wanted)
    },
    async close() {
      await codec?.close()
    },
  }
}

/** One processor is busy with decompressing, hashing and reading layers; more threads than the others only take it away. */
function defaultWorkers(): number {
  return Math.min(availableParallelism() - 1, MOST_WORKERS)
}

/** Hashes and encodes batches where it is called. */
function createInlineCodec(codec: ChunkCodec): BatchCodec {
  return {
    window: INLINE_WINDOW,
    hashBatch: async (batch) => codec.hashBatch(batch),
    encodeBatch: async (batch, keys, wanted) => codec.encodeBatch(batch, keys, wanted),
    async close() {},
  }
}
