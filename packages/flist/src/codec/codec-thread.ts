// What a codec thread runs; bundled as source text into codec-thread.generated.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { FlistError, type FlistErrorCode } from '../errors.ts'
import { openChunkFiles } from '../stores/chunk-files.ts'
import type { StoredChunk } from '../stores/chunk-store.ts'
import { type Batch, type BatchMemory, type EncodedBatch, encodedChunk } from './batch.ts'
import { HASH_BYTES } from './chunk-codec.ts'
import { type CodecKind, createCodecOf } from './codec-kind.ts'
import type { CompiledCodec } from './codec-module.ts'

/** What a thread is started with; `files` is the directory where it stores what it encodes. */
export type CodecThreadData = {
  readonly kind: CodecKind
  readonly compiled: CompiledCodec
  readonly files: string | undefined
}

/** A call to a thread: hash a batch, or encode (and store) what is wanted of one that was hashed. */
export type CodecCall = {
  readonly number: number
  readonly batch: Batch
  readonly encode?: { readonly keys: Uint8Array; readonly wanted: readonly number[] }
}

/** What came of the call with this number: the keys, or what encoding gave; or why the chunks could not be stored. */
export type CodecReply = { readonly number: number } & (
  | { readonly result: Uint8Array | EncodedBatch }
  | { readonly failure: { readonly code: FlistErrorCode; readonly message: string } }
)

const { kind, compiled, files } = workerData as CodecThreadData
const codec = createCodecOf(kind, compiled)
const writeAbsent = files === undefined ? undefined : openChunkFiles(files).openAbsentWrite()

parentPort?.on('message', (call: CodecCall) => parentPort?.postMessage(answer(call)))

function answer({ number, batch, encode }: CodecCall): CodecReply {
  if (!encode) return { number, result: codec.hashBatch(batch) }
  const encoded = codec.encodeBatch(batch, encode.keys, encode.wanted)
  try {
    return { number, result: writeAbsent ? store(writeAbsent, batch.memory, encoded) : encoded }
  } catch (error) {
    if (!(error instanceof FlistError)) throw error
    return { number, failure: { code: error.code, message: error.message } }
  }
}

function store(write: (chunk: StoredChunk) => boolean, memory: BatchMemory, { ids, ends }: EncodedBatch): EncodedBatch {
  const size = kind === 'fl' ? 2 * HASH_BYTES : HASH_BYTES
  const stored: number[] = []
  for (const i of ends.keys()) {
    const id = ids.subarray(size * i, size * (i + 1))
    if (write({ id, data: encodedChunk(memory, ends, i) })) stored.push(i)
  }
  return { ids, ends, stored }
}
