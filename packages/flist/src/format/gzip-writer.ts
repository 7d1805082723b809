import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw, type ZlibOptions } from 'node:zlib'

/** What deflate can refer back to (RFC 1951 section 2). */
const DEFLATE_WINDOW = 32 * 1024

/** Deflate, no flags, no time, level 6, Unix (RFC 1952 section 2.3): as gzip writes for a pipe. */
const HEADER = Buffer.from('1f8b0800000000000003', 'hex')
/** An empty block of fixed codes that is the last one (RFC 1951 section 3.2.6). */
const LAST_BLOCK = Buffer.from('0300', 'hex')

const deflate = promisify<Uint8Array, ZlibOptions, Buffer>(deflateRaw)

/**
 * One gzip member of all pieces, as pigz makes it: pieces are compressed side by side, each knows the end of the one before,
 * and ends at a whole byte. The same pieces give the same bytes, on however many processors. They must stay as they are.
 */
export async function* gzipSideBySide(pieces: Iterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  const mostUnderWay = availableParallelism() + 1
  const underWay: Promise<Buffer>[] = []
  let before: Uint8Array | undefined
  let checksum = 0
  let length = 0
  yield HEADER
  for (const piece of pieces) {
    checksum = crc32(piece, checksum)
    length += piece.length
    const compressed = compress(piece, before)
    // One that fails before its turn is noticed when its turn comes.
    compressed.catch(() => {})
    underWay.push(compressed)
    before = piece
    if (underWay.length > mostUnderWay) yield (await underWay.shift()) as Buffer
  }
  while (underWay.length > 0) yield (await underWay.shift()) as Buffer
  yield LAST_BLOCK
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(checksum, 0)
  trailer.writeUInt32LE(length % 2 ** 32, 4)
  yield trailer
}

function compress(piece: Uint8Array, before: Uint8Array | undefined): Promise<Buffer> {
  const dictionary = before?.subarray(-DEFLATE_WINDOW)
  return deflate(piece, {
    chunkSize: Math.max(constants.Z_MIN_CHUNK, piece.length),
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(dictionary ? { dictionary } : {}),
  })
}
