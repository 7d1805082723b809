import { availableParallelism } from 'node:os'
import type { Batch, EncodedBatch } from './batch.ts'
import type { ChunkCodec } from './chunk-codec.ts'
import { type CodecKind, createCodecOf } from './codec-kind.ts'
import { type CodecThreads, callsEach, startCodecThreads } from './codec-threads.ts'
import { compiledCodec } from './wasm.ts'

export type BatchCodecOptions = {
  /** Threads that encode; 0 encodes where it is called. Unless told, one per further processor, at most 3. */
  readonly workers?: number
  /** Plain bytes after which threads are worth their start (about 50 ms of one processor); 4 MiB unless told. */
  readonly workersAfter?: number
}

/** Where threads store what they encode: the directory of a store. What is encoded where it is called is not stored. */
export type BatchDestination = { readonly files?: string | undefined }

/** Hashes and encodes batches, in threads while they have room, else where it is called. The results are the same. */
export type BatchCodec = {
  /** Batches that are worth having under way at once. */
  readonly window: number
  /**
   * Tells about how many bytes are to come, so that threads start in time. Resolves when those that are worth it have begun,
   * which nobody needs to wait for.
   */
  expect(bytes: number): Promise<void>
  hashBatch(batch: Batch): Promise<Uint8Array>
  encodeBatch(batch: Batch, keys: Uint8Array, wanted: readonly number[]): Promise<EncodedBatch>
  /** Ends the threads, when no call is under way; what comes later begins as with a new codec. */
  rest(): Promise<void>
  /** Ends the threads for good, also after an error: calls that are under way fail. */
  close(): Promise<void>
}

type Codec = Pick<BatchCodec, 'hashBatch' | 'encodeBatch'>

/** One layer cannot be decompressed fast enough for more, and each takes memory. */
const MOST_WORKERS = 3
const WORKERS_AFTER = 4 << 20
/** Batches that can be encoded or on their way to the store without threads. */
const INLINE_WINDOW = 4

/** Batches of chunks of one format. */
export function createBatchCodec(kind: CodecKind, options: BatchCodecOptions & BatchDestination = {}): BatchCodec {
  const { files, workers = defaultWorkers(), workersAfter = WORKERS_AFTER } = options
  let inline: Codec | undefined
  let threads: CodecThreads | undefined
  let encoded = 0

  function expect(bytes: number): Promise<void> {
    if (workers > 0 && bytes >= workersAfter) threads ??= startCodecThreads(workers, kind, files)
    return threads?.begun ?? Promise.resolve()
  }

  /** Threads while one of them has room; else the work is done here, so that no processor waits for another. */
  function current(): Codec {
    void expect(encoded)
    if (threads?.hasRoom()) return threads
    inline ??= createInlineCodec(createCodecOf(kind, compiledCodec()))
    return inline
  }

  return {
    // One that is filled, and one on its way to the store.
    window: workers === 0 ? INLINE_WINDOW : callsEach(workers) * workers + 2,
    expect,
    hashBatch: (batch) => current().hashBatch(batch),
    encodeBatch(batch, keys, wanted) {
      const codec = current()
      for (const i of wanted) encoded += (batch.ends[i] ?? 0) - (batch.ends[i - 1] ?? 0)
      return codec.encodeBatch(batch, keys, wanted)
    },
    async rest() {
      const ended = threads
      threads = undefined
      encoded = 0
      await ended?.close()
    },
    async close() {
      await threads?.close()
    },
  }
}

/** One processor is busy with decompressing, hashing and reading layers; more threads than the others only take it away. */
function defaultWorkers(): number {
  return Math.min(availableParallelism() - 1, MOST_WORKERS)
}

/** Hashes and encodes batches where it is called. */
function createInlineCodec(codec: ChunkCodec): Codec {
  return {
    hashBatch: async (batch) => codec.hashBatch(batch),
    encodeBatch: async (batch, keys, wanted) => codec.encodeBatch(batch, keys, wanted),
  }
}
