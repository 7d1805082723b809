import type { ByteCursor } from './byte-cursor.ts'
import { RootfsError } from './error.ts'

/** One zstd frame: what its header says, and its bytes from the magic number to the checksum. */
export type ZstdFrame = {
  /** Decompressed size in bytes, where the header has it. */
  readonly contentSize?: number
  readonly bytes: AsyncIterable<Buffer>
}

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50 // the lowest of sixteen
const COMPRESSED_BLOCK_HEADER = 3
const RLE_BLOCK = 1
const RESERVED_BLOCK = 3

/**
 * Cuts a zstd stream (RFC 8878, section 3.1) into its frames, without decompressing them; skippable frames are left
 * out. Needed because node:zlib stops at the end of the first frame without a word (Node 24; nodejs/node issue 64741),
 * and layers have many frames when they were compressed in parallel or as zstd:chunked. The bytes of a frame must be
 * read before the next frame is asked for.
 */
export async function* zstdFrames(cursor: ByteCursor): AsyncGenerator<ZstdFrame> {
  while (await cursor.fill()) {
    const magic = await exactly(cursor, 4)
    const number = magic.readUInt32LE(0)
    if (number >>> 4 === SKIPPABLE_MAGIC >>> 4) {
      const length = (await exactly(cursor, 4)).readUInt32LE(0)
      if ((await cursor.skip(length)) < length) throw cutOff()
      continue
    }
    if (number !== FRAME_MAGIC) throw damaged('the bytes after a frame are no frame')
    const descriptor = await exactly(cursor, 1)
    const { headerLength, sizeLength, hasChecksum } = describeFrame(descriptor[0] ?? 0)
    const header = await exactly(cursor, headerLength)
    const contentSize = readContentSize(header, sizeLength)
    const start = Buffer.concat([magic, descriptor, header])
    yield { ...(contentSize === undefined ? {} : { contentSize }), bytes: frameBytes(cursor, start, hasChecksum) }
  }
}

/** RFC 8878, section 3.1.1.1.1: what of the frame header follows the descriptor. */
function describeFrame(descriptor: number): { headerLength: number; sizeLength: number; hasChecksum: boolean } {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >>> 6
  const sizeLength = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag
  const windowLength = isSingleSegment ? 0 : 1
  const dictionaryLength = [0, 1, 2, 4][descriptor & 3] ?? 0
  return {
    headerLength: windowLength + dictionaryLength + sizeLength,
    sizeLength,
    hasChecksum: (descriptor & 4) !== 0,
  }
}

function readContentSize(header: Buffer, length: number): number | undefined {
  const start = header.length - length
  if (length === 0) return undefined
  if (length === 8) return Number(header.readBigUInt64LE(start))
  return header.readUIntLE(start, length) + (length === 2 ? 256 : 0)
}

async function* frameBytes(cursor: ByteCursor, start: Buffer, hasChecksum: boolean): AsyncGenerator<Buffer> {
  yield start
  for (let isLast = false; !isLast; ) {
    const header = await exactly(cursor, COMPRESSED_BLOCK_HEADER)
    yield header
    const block = header.readUIntLE(0, 3)
    isLast = (block & 1) === 1
    const type = (block >>> 1) & 3
    if (type === RESERVED_BLOCK) throw damaged('a block has the reserved type')
    for (let left = type === RLE_BLOCK ? 1 : block >>> 3; left > 0; ) {
      const bytes = cursor.some(left)
      if (bytes !== undefined) {
        left -= bytes.length
        yield bytes
      } else if (!(await cursor.fill())) throw cutOff()
    }
  }
  if (hasChecksum) yield await exactly(cursor, 4)
}

/** So many bytes, which stay as they are when more is read. */
async function exactly(cursor: ByteCursor, length: number): Promise<Buffer> {
  const bytes = await cursor.read(length)
  if (bytes.length < length) throw cutOff()
  return Buffer.from(bytes)
}

function cutOff(): RootfsError {
  return damaged('it ends within a frame')
}

function damaged(problem: string): RootfsError {
  return new RootfsError('compression', `zstd data: ${problem}; it is damaged or was cut off`)
}
