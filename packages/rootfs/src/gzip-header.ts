import { crc32 } from 'node:zlib'
import type { ByteCursor } from './byte-cursor.ts'

/** Flags of a member (RFC 1952 section 2.3.1), and those that mean nothing yet. */
const FLAGS = { headerChecksum: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 }

const FIXED_BYTES = 10
const DEFLATE = 8
/** The magic bytes, deflate, and no flag. */
const PLAIN_START = 0x1f8b0800

/** As node:zlib makes them. */
export function zlibError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

/** As many bytes. @throws Error with a code `Z_…` when there are fewer */
export async function readExactly(cursor: ByteCursor, length: number): Promise<Buffer> {
  const bytes = await cursor.read(length)
  if (bytes.length < length) throw cutOff()
  return bytes
}

/** The next bytes, as many as there are at once. @throws Error with a code `Z_…` when there are none */
export async function readPiece(cursor: ByteCursor): Promise<Buffer> {
  const bytes = (await cursor.fill()) && cursor.some(Number.MAX_SAFE_INTEGER)
  if (!bytes) throw cutOff()
  return bytes
}

const cutOff = () => zlibError('Z_BUF_ERROR', 'unexpected end of file')

/** Takes a header without any field, as nearly all are, where it lies in one piece. There may be millions. */
export function takePlainHeader(cursor: ByteCursor): boolean {
  const header = cursor.take(FIXED_BYTES)
  if (header?.readUInt32BE(0) === PLAIN_START) return true
  if (header) cursor.unread(header)
  return false
}

/**
 * Reads past the header of a gzip member. https://www.rfc-editor.org/rfc/rfc1952#section-2.3
 *
 * @throws Error with a code `Z_…` when it is damaged or cut off
 */
export async function readGzipHeader(cursor: ByteCursor): Promise<void> {
  let checksum = 0
  async function read(length: number): Promise<Buffer> {
    const bytes = await readExactly(cursor, length)
    checksum = crc32(bytes, checksum)
    return bytes
  }
  /** A text that ends with a zero may be of any length. */
  async function skipText(): Promise<void> {
    for (let isEnd = false; !isEnd; ) {
      const piece = await readPiece(cursor)
      const end = piece.indexOf(0) + 1
      isEnd = end > 0
      if (isEnd) cursor.unread(piece.subarray(end))
      checksum = crc32(isEnd ? piece.subarray(0, end) : piece, checksum)
    }
  }
  const check = (isRight: boolean, problem: string) => {
    if (!isRight) throw zlibError('Z_DATA_ERROR', problem)
  }

  const magic = await read(2)
  check(magic.readUInt16BE() === 0x1f8b, 'incorrect header check')
  const [method, flags = 0] = await read(2)
  check(method === DEFLATE, 'unknown compression method')
  check((flags & FLAGS.reserved) === 0, 'unknown header flags set')
  await read(FIXED_BYTES - 4)
  if (flags & FLAGS.extra) await read((await read(2)).readUInt16LE())
  if (flags & FLAGS.name) await skipText()
  if (flags & FLAGS.comment) await skipText()
  if (flags & FLAGS.headerChecksum) {
    const expected = checksum & 0xffff
    check((await read(2)).readUInt16LE() === expected, 'header crc mismatch')
  }
}
