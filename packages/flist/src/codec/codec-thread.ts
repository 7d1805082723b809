// What a codec thread runs; bundled as source text into codec-thread.generated.ts.
import { parentPort, workerData } from 'node:worker_threads'
import type { Batch, EncodedBatch } from './chunk-codec.ts'
import { type CodecKind, createCodecOf } from './codec-kind.ts'
import type { CompiledCodec } from './codec-module.ts'

/** What a thread is started with. */
export type CodecThreadData = { readonly kind: CodecKind; readonly compiled: CompiledCodec }

/** A call to a thread: hash a batch, or encode what is wanted of one that was hashed. */
export type CodecCall = {
  readonly number: number
  readonly batch: Batch
  readonly encode?: { readonly keys: Uint8Array; readonly wanted: readonly number[] }
}

/** The result of the call with this number: the keys, or what encoding gave. */
export type CodecReply = { readonly number: number; readonly result: Uint8Array | EncodedBatch }

const { kind, compiled } = workerData as CodecThreadData
const codec = createCodecOf(kind, compiled)

parentPort?.on('message', ({ number, batch, encode }: CodecCall) => {
  const result = encode ? codec.encodeBatch(batch, encode.keys, encode.wanted) : codec.hashBatch(batch)
  parentPort?.postMessage({ number, result } satisfies CodecReply)
})
