import { Worker } from 'node:worker_threads'
import {
  type DecompressionAnswer,
  type DecompressionInput,
  type DecompressionOutput,
  type DecompressionThreadData,
  INPUT_BYTES,
  INPUT_SLOTS,
  OUTPUT_BYTES,
  OUTPUT_SLOTS,
} from './decompression-layout.ts'
import { DECOMPRESSION_THREAD_SOURCE } from './decompression-thread.generated.ts'
import { RootfsError } from './error.ts'

/** A thread that decompresses blobs, one after the other. */
export type DecompressionThread = {
  /**
   * The plain bytes of a blob as {@link decompress} gives them, and at their end what `whole` is told: their SHA-256, in hex. The
   * source is read a little ahead of them.
   */
  decompress(source: AsyncIterable<Uint8Array>, whole: (sha256: string) => void): AsyncGenerator<Uint8Array>
  /** After a blob that was not read to its end, or was damaged, the thread is of no use any more. */
  readonly isUsable: boolean
  close(): Promise<void>
}

/** Starts a thread, which takes about 40 ms of one processor and 4 MiB for what is on its way. */
export function startDecompressionThread(): DecompressionThread {
  const shared: DecompressionThreadData = {
    inputs: new SharedArrayBuffer(INPUT_SLOTS * INPUT_BYTES),
    outputs: new SharedArrayBuffer(OUTPUT_SLOTS * OUTPUT_BYTES),
    returned: new Int32Array(new SharedArrayBuffer(4)),
  }
  // Flags of this process may not suit a thread that runs a script from memory.
  const worker = new Worker(DECOMPRESSION_THREAD_SOURCE, { eval: true, workerData: shared, execArgv: [], env: {} })
  const freeInputs = queue<number>(Array.from({ length: INPUT_SLOTS }, (_, slot) => slot))
  const answers = queue<DecompressionAnswer>()
  const state = { isUsable: true }

  function fail(error: unknown): void {
    state.isUsable = false
    freeInputs.fail(error)
    answers.fail(error)
  }

  const ended = (reason: string, cause?: unknown) =>
    fail(new RootfsError('thread', `decompression: its thread ended (${reason}); run it again`, { cause }))
  worker.on('message', (message: DecompressionOutput) => {
    if ('taken' in message) freeInputs.push(message.taken)
    else answers.push(message)
  })
  worker.on('error', (error) => ended(String(error), error))
  worker.on('exit', (code) => ended(`exit code ${code}`))
  worker.unref()

  /** Sends what is in the source to the thread, until it is told to stop. */
  async function feed(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const post = (input: DecompressionInput) => worker.postMessage(input)
    let slot: number | undefined
    let length = 0
    for await (const bytes of source) {
      for (let at = 0; at < bytes.length && !signal.aborted; ) {
        slot ??= await freeInputs.next()
        const part = bytes.subarray(at, at + INPUT_BYTES - length)
        new Uint8Array(shared.inputs, slot * INPUT_BYTES + length).set(part)
        at += part.length
        length += part.length
        if (length < INPUT_BYTES) continue
        post({ slot, length })
        slot = undefined
        length = 0
      }
      if (signal.aborted) return
    }
    if (slot !== undefined) post({ slot, length })
    post('end')
  }

  async function* decompress(source: AsyncIterable<Uint8Array>, whole: (sha256: string) => void) {
    const stop = new AbortController()
    worker.ref()
    const feeding = feed(source, stop.signal)
    // Told to the consumer behind the bytes before it.
    feeding.catch(fail)
    let isWhole = false
    try {
      for (;;) {
        const answer = await answers.next()
        if ('failure' in answer) throw new RootfsError(answer.failure.code, answer.failure.message)
        if ('sha256' in answer) {
          isWhole = true
          whole(answer.sha256)
          return
        }
        yield new Uint8Array(shared.outputs, answer.slot * OUTPUT_BYTES, answer.length)
        Atomics.add(shared.returned, 0, 1)
        Atomics.notify(shared.returned, 0)
      }
    } finally {
      worker.unref()
      stop.abort()
      if (!isWhole) {
        fail(new RootfsError('thread', 'decompression: it was stopped; run it again'))
        await worker.terminate()
      }
    }
  }

  return {
    decompress,
    get isUsable() {
      return state.isUsable
    },
    async close() {
      fail(new RootfsError('thread', 'decompression: it was closed; open a new one'))
      await worker.terminate()
    },
  }
}

type Queue<T> = {
  push(item: T): void
  /** The next item, in order; after `fail` its error, once no item is left. */
  next(): Promise<T>
  fail(error: unknown): void
}

function queue<T>(items: T[] = []): Queue<T> {
  let failure: { readonly error: unknown } | undefined
  let changed = Promise.withResolvers<void>()
  const change = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  return {
    push(item) {
      items.push(item)
      change()
    },
    async next() {
      for (;;) {
        const item = items.shift()
        if (item !== undefined) return item
        if (failure) throw failure.error
        await changed.promise
      }
    },
    fail(error) {
      failure ??= { error }
      change()
    },
  }
}
