// What a decompression thread runs; bundled as source text into decompression-thread.generated.ts.
import { createHash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { plainBytesOf } from './decompress.ts'
import {
  type DecompressionInput,
  type DecompressionOutput,
  type DecompressionThreadData,
  INPUT_BYTES,
  OUTPUT_BYTES,
  OUTPUT_SLOTS,
} from './decompression-layout.ts'
import { RootfsError } from './error.ts'

const { inputs, outputs, returned } = workerData as DecompressionThreadData
const send = (message: DecompressionOutput): void => parentPort?.postMessage(message)

const waiting: DecompressionInput[] = []
let arrived = Promise.withResolvers<void>()
parentPort?.on('message', (input: DecompressionInput) => {
  waiting.push(input)
  arrived.resolve()
})

async function nextInput(): Promise<DecompressionInput> {
  for (;;) {
    const input = waiting.shift()
    if (input) return input
    arrived = Promise.withResolvers()
    await arrived.promise
  }
}

/** The compressed bytes of one blob. */
async function* compressed(): AsyncGenerator<Uint8Array> {
  for (let input = await nextInput(); input !== 'end'; input = await nextInput()) {
    yield new Uint8Array(inputs, input.slot * INPUT_BYTES, input.length)
    send({ taken: input.slot })
  }
}

/** Slots of output that were filled so far, of all blobs, and the bytes in the one after them. */
let filled = 0
let used = 0

/** What is left of the slot under way. Waits, and stops this thread, while none is free. */
function room(): Uint8Array {
  for (let back = Atomics.load(returned, 0); filled - back >= OUTPUT_SLOTS; back = Atomics.load(returned, 0))
    Atomics.wait(returned, 0, back)
  return new Uint8Array(outputs, (filled % OUTPUT_SLOTS) * OUTPUT_BYTES + used, OUTPUT_BYTES - used)
}

function use(length: number): void {
  used += length
  if (used === OUTPUT_BYTES) sendFilled()
}

function sendFilled(): void {
  send({ slot: filled % OUTPUT_SLOTS, length: used })
  filled++
  used = 0
}

async function decompressBlob(): Promise<void> {
  const hash = createHash('sha256')
  for await (const piece of plainBytesOf(compressed(), room)) {
    hash.update(piece)
    if (piece.buffer === outputs) use(piece.length)
    else for (let at = 0; at < piece.length; ) at += put(piece.subarray(at))
  }
  if (used > 0) sendFilled()
  send({ sha256: hash.digest('hex') })
}

/** Copies as much as there is room for. */
function put(bytes: Uint8Array): number {
  const target = room()
  const part = bytes.subarray(0, target.length)
  target.set(part)
  use(part.length)
  return part.length
}

async function serve(): Promise<void> {
  try {
    for (;;) await decompressBlob()
  } catch (error) {
    if (!(error instanceof RootfsError)) throw error
    send({ failure: { code: error.code, message: error.message } })
  }
}

void serve()
