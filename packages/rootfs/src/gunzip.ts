import { constants, createGunzip, gzipSync } from 'node:zlib'

/** Room for output. Larger is no faster. */
const OUTPUT_SIZE = 256 * 1024

/** What a stream of node:zlib has inside. */
type ZlibStream = {
  readonly _handle: {
    writeSync(
      flush: number,
      input: Uint8Array,
      inputOffset: number,
      inputLength: number,
      output: Uint8Array,
      outputOffset: number,
      outputLength: number,
    ): void
    onerror: (message: string, errno: number, code: string) => void
  }
  /** Bytes of output and of input that the last call left. */
  readonly _writeState: Uint32Array
  destroy(): void
}

/**
 * Decompresses gzip, any number of members, in the calling thread. The pieces given out are views on one buffer, each
 * valid until the next is asked for.
 *
 * This uses what node:zlib has inside and does not document: the stream around it allocates each piece and goes through
 * the thread pool for it, which takes as long again as decompressing. See {@link canGunzipInPlace}.
 *
 * @throws Error with a code `Z_…` for damaged or cut data
 */
export async function* gunzipInPlace(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflater = openInflater()
  try {
    for await (const bytes of source) yield* inflater.write(bytes, constants.Z_NO_FLUSH)
    yield* inflater.write(new Uint8Array(0), constants.Z_FINISH)
  } finally {
    inflater.close()
  }
}

function openInflater() {
  const stream = createGunzip() as unknown as ZlibStream
  const { _handle: handle, _writeState: state } = stream
  const output = Buffer.allocUnsafeSlow(OUTPUT_SIZE)
  let failure: Error | undefined
  handle.onerror = (message, _, code) => {
    failure = Object.assign(new Error(message), { code })
  }

  function* write(input: Uint8Array, flush: number): Generator<Uint8Array> {
    let offset = 0
    for (;;) {
      handle.writeSync(flush, input, offset, input.length - offset, output, 0, OUTPUT_SIZE)
      if (failure) throw failure
      const [roomLeft = 0, inputLeft = 0] = state
      offset = input.length - inputLeft
      if (roomLeft < OUTPUT_SIZE) yield output.subarray(0, OUTPUT_SIZE - roomLeft)
      // room is left when all input was taken, or what follows is no member any more
      if (roomLeft > 0) return
    }
  }

  return { write, close: () => stream.destroy() }
}

let works: boolean | undefined

/** Whether this Node has inside what {@link gunzipInPlace} needs, found out by trying it once. */
export function canGunzipInPlace(): boolean {
  works ??= tryInflater()
  return works
}

/** Two members, the first with more output than fits, and an end that is missing. */
function tryInflater(): boolean {
  const plain = Buffer.alloc(OUTPUT_SIZE + 1, 'a text that is not a divisor of the room. ')
  const members = Buffer.concat([gzipSync(plain), gzipSync(plain)])
  try {
    const whole = openInflater()
    const pieces = [...whole.write(members, constants.Z_NO_FLUSH)].map(({ length }) => length)
    const rest = [...whole.write(new Uint8Array(0), constants.Z_FINISH)]
    whole.close()
    return (
      pieces.reduce((sum, length) => sum + length, 0) === 2 * plain.length && rest.length === 0 && findsCut(members)
    )
  } catch {
    return false
  }
}

function findsCut(members: Buffer): boolean {
  const cut = openInflater()
  try {
    for (const _ of cut.write(members.subarray(0, -1), constants.Z_NO_FLUSH));
    for (const _ of cut.write(new Uint8Array(0), constants.Z_FINISH));
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR'
  } finally {
    cut.close()
  }
}
