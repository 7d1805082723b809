import { constants, crc32, createInflateRaw, deflateRawSync } from 'node:zlib'
import type { ByteCursor } from './byte-cursor.ts'
import { readExactly, readGzipHeader, readPiece, takePlainHeader, zlibError } from './gzip-header.ts'

/** Room for output. Larger is no faster. */
const OUTPUT_SIZE = 256 * 1024

/** CRC-32 and length, each of four bytes and little-endian (RFC 1952 section 2.3.1). */
const FIELD_BYTES = 4

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
  reset(): void
  destroy(): void
}

/**
 * Decompresses gzip, any number of members, in the calling thread. The pieces given out are views on one buffer, each
 * valid until the next is asked for. As with zlib what follows a member is another one, or begins with a zero and is no more
 * looked at.
 *
 * This uses what node:zlib has inside and does not document: the stream around it allocates each piece and goes through
 * the thread pool for it, which takes as long again as decompressing. See {@link canGunzipInPlace}.
 *
 * @param isChecked the plain bytes are compared with a digest: their CRC is not looked at
 * @throws Error with a code `Z_…` for damaged or cut data
 */
export async function* gunzipInPlace(cursor: ByteCursor, isChecked = false): AsyncGenerator<Uint8Array> {
  const inflater = openInflater()
  try {
    await readGzipHeader(cursor)
    for (;;) {
      yield* inflateMember(inflater, cursor, isChecked)
      if (!(await nextMember(cursor))) return
      inflater.reset()
    }
  } finally {
    inflater.close()
  }
}

type Inflater = ReturnType<typeof openInflater>

/** From behind the header of a member to its end. */
async function* inflateMember(inflater: Inflater, cursor: ByteCursor, isChecked: boolean): AsyncGenerator<Uint8Array> {
  let checksum = 0
  let length = 0
  for (let isEnd = false; !isEnd; ) {
    const input = cursor.some(Number.MAX_SAFE_INTEGER) ?? (await readPiece(cursor))
    for (const plain of inflater.write(input)) {
      length += plain.length
      if (!isChecked) checksum = crc32(plain, checksum)
      yield plain
    }
    const rest = inflater.inputLeft()
    isEnd = rest > 0
    if (isEnd) cursor.unread(input.subarray(input.length - rest))
  }
  const trailer = cursor.take(2 * FIELD_BYTES)
  const expected = trailer ?? (await readExactly(cursor, FIELD_BYTES))
  if (!isChecked && expected.readUInt32LE(0) !== checksum) throw zlibError('Z_DATA_ERROR', 'incorrect data check')
  const size = trailer?.subarray(FIELD_BYTES) ?? (await readExactly(cursor, FIELD_BYTES))
  if (size.readUInt32LE(0) !== length % 2 ** 32) throw zlibError('Z_DATA_ERROR', 'incorrect length check')
}

/** Reads the header of the member that follows, if one does. */
async function nextMember(cursor: ByteCursor): Promise<boolean> {
  const next = cursor.take(1) ?? (await cursor.read(1))
  if (next.length === 0) return false
  if (next[0] === 0) {
    await cursor.drain()
    return false
  }
  cursor.unread(next)
  if (!takePlainHeader(cursor)) await readGzipHeader(cursor)
  return true
}

function openInflater() {
  const stream = createInflateRaw() as unknown as ZlibStream
  const { _handle: handle, _writeState: state } = stream
  const output = Buffer.allocUnsafeSlow(OUTPUT_SIZE)
  let failure: Error | undefined
  handle.onerror = (message, _, code) => {
    failure = zlibError(code, message)
  }

  /** What comes of `input`, up to the end of the compressed data. */
  function* write(input: Uint8Array): Generator<Uint8Array> {
    let offset = 0
    for (;;) {
      const left = input.length - offset
      handle.writeSync(constants.Z_NO_FLUSH, input, offset, left, output, 0, OUTPUT_SIZE)
      if (failure) throw failure
      const [roomLeft = 0, inputLeft = 0] = state
      offset = input.length - inputLeft
      if (roomLeft < OUTPUT_SIZE) yield output.subarray(0, OUTPUT_SIZE - roomLeft)
      // room is left when all input was taken, or the compressed data ended
      if (roomLeft > 0) return
    }
  }

  return {
    write,
    /** Bytes of the last input behind the end of the compressed data; none also where it ends with the input. */
    inputLeft: () => state[1] ?? 0,
    /** Begins with other compressed data. */
    reset: () => stream.reset(),
    close: () => stream.destroy(),
  }
}

let works: boolean | undefined

/** Whether this Node has inside what {@link gunzipInPlace} needs, found out by trying it once. */
export function canGunzipInPlace(): boolean {
  works ??= tryInflater()
  return works
}

/** Twice data with more output than fits, whose end is found in the same input and in the next, and data that is damaged. */
function tryInflater(): boolean {
  const plain = Buffer.alloc(OUTPUT_SIZE + 1, 'a text that is not a divisor of the room. ')
  const packed = deflateRawSync(plain)
  const rest = Buffer.from('rest')
  const inflater = openInflater()
  const lengthOf = (input: Uint8Array) => [...inflater.write(input)].reduce((sum, { length }) => sum + length, 0)
  try {
    if (lengthOf(Buffer.concat([packed, rest])) !== plain.length || inflater.inputLeft() !== rest.length) return false
    inflater.reset()
    if (lengthOf(packed) !== plain.length || inflater.inputLeft() !== 0) return false
    if (lengthOf(rest) !== 0 || inflater.inputLeft() !== rest.length) return false
    inflater.reset()
    return findsDamage(() => lengthOf(Buffer.alloc(8, 0xff)))
  } catch {
    return false
  } finally {
    inflater.close()
  }
}

function findsDamage(inflate: () => void): boolean {
  try {
    inflate()
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'Z_DATA_ERROR'
  }
}
