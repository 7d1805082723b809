import { Worker } from 'node:worker_threads'
import { FlistError } from '../errors.ts'
import type { Batch, EncodedBatch } from './batch.ts'
import type { CodecKind } from './codec-kind.ts'
import { CODEC_THREAD_SOURCE } from './codec-thread.generated.ts'
import type { CodecCall, CodecReply, CodecThreadData } from './codec-thread.ts'
import { compiledCodec } from './wasm.ts'

/** Hashes and encodes batches as a ChunkCodec does, but elsewhere. */
export type CodecThreads = {
  /** Resolves when all threads have begun to work, or ended. */
  readonly begun: Promise<void>
  /** Whether a thread that has begun to work would soon come to another call. */
  hasRoom(): boolean
  hashBatch(batch: Batch): Promise<Uint8Array>
  encodeBatch(batch: Batch, keys: Uint8Array, wanted: readonly number[]): Promise<EncodedBatch>
  /** Ends the threads; calls that are under way fail. */
  close(): Promise<void>
}

type CodecResult = Uint8Array | EncodedBatch
type Pending = { readonly resolve: (result: CodecResult) => void; readonly reject: (error: unknown) => void }
type Thread = {
  readonly worker: Worker
  readonly calls: Map<number, Pending>
  readonly begun: Promise<void>
  online: boolean
}

/**
 * Calls of a thread: one it works on, and one that is there when it has finished. The calling thread looks after it only
 * when it has encoded a batch itself, which is long: a single thread needs more that wait.
 */
export function callsEach(threads: number): number {
  return Math.max(2, Math.ceil(4 / threads))
}

/**
 * Starts `count` threads. Each call goes to the one with the fewest calls, of those that have begun to work. They keep the
 * process alive only while calls are under way. A thread that ends makes its calls, and all later ones, fail with a FlistError
 * `codec-failed`. With `files`, the directory of a store, they store there what they encode, or fail with a FlistError as that
 * store does.
 */
export function startCodecThreads(count: number, kind: CodecKind = 'flist', files?: string): CodecThreads {
  let failure: FlistError | undefined
  let calls = 0
  const room = callsEach(count)
  const threads = Array.from({ length: count }, () => startThread({ kind, compiled: compiledCodec(), files }, fail))

  function fail(error: FlistError): void {
    if (failure) return
    failure = error
    for (const { worker, calls } of threads) {
      for (const { reject } of calls.values()) reject(error)
      calls.clear()
      worker.unref()
    }
  }

  function leastBusy(): Thread {
    const online = threads.filter(({ online }) => online)
    return (online.length > 0 ? online : threads).reduce((a, b) => (b.calls.size < a.calls.size ? b : a))
  }

  function call(message: Omit<CodecCall, 'number'>): Promise<CodecResult> {
    return new Promise((resolve, reject) => {
      if (failure) return reject(failure)
      const { worker, calls: pending } = leastBusy()
      const number = calls++
      if (pending.size === 0) worker.ref()
      pending.set(number, { resolve, reject })
      worker.postMessage({ number, ...message } satisfies CodecCall)
    })
  }

  return {
    begun: Promise.all(threads.map(({ begun }) => begun)).then(() => {}),
    hasRoom: () => threads.some(({ online, calls }) => online && calls.size < room),
    hashBatch: (batch) => call({ batch }) as Promise<Uint8Array>,
    encodeBatch: (batch, keys, wanted) => call({ batch, encode: { keys, wanted } }) as Promise<EncodedBatch>,
    async close() {
      fail(new FlistError('codec-failed', 'chunk codec: it was closed; open a new chunk writer'))
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}

function startThread(workerData: CodecThreadData, fail: (error: FlistError) => void): Thread {
  // Flags of this process may not suit a thread that runs a script from memory.
  const worker = new Worker(CODEC_THREAD_SOURCE, { eval: true, workerData, execArgv: [], env: {} })
  const calls = new Map<number, Pending>()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const thread: Thread = { worker, calls, begun, online: false }
  const failed = (reason: string, cause?: unknown) =>
    fail(new FlistError('codec-failed', `chunk codec: a thread ended (${reason}); run it again`, { cause }))
  worker.on('message', (reply: CodecReply) => {
    const call = calls.get(reply.number)
    calls.delete(reply.number)
    if ('result' in reply) call?.resolve(reply.result)
    else call?.reject(new FlistError(reply.failure.code, reply.failure.message))
    if (calls.size === 0) worker.unref()
  })
  worker.once('online', () => {
    thread.online = true
    begin()
  })
  worker.on('error', (error) => failed(String(error), error))
  worker.on('exit', (code) => {
    begin()
    failed(`exit code ${code}`)
  })
  worker.unref()
  return thread
}
