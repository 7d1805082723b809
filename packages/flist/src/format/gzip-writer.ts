import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw, deflateRawSync, type ZlibOptions } from 'node:zlib'
import { joinChecksums } from './checksum-joining.ts'

/** What deflate can refer back to (RFC 1951 section 2). */
const DEFLATE_WINDOW = 32 * 1024

/** On the databases of flists 5 takes four fifths of the time of 6 and gives 1.3 % more bytes. */
const LEVEL = 5

/** Deflate, no flags, no time, neither the fastest level nor the best, Unix (RFC 1952 section 2.3): as gzip writes for a pipe. */
const HEADER = Buffer.from('1f8b0800000000000003', 'hex')
/** An empty block of fixed codes that is the last one (RFC 1951 section 3.2.6). */
const LAST_BLOCK = Buffer.from('0300', 'hex')

/** Pieces that are compressed or wait for it before `room` makes who adds them wait. */
const MOST_UNDER_WAY = availableParallelism() + 1

/** One gzip member under construction, whose first bytes are known last. */
export type GzipWriter = {
  /** Compresses a piece on another thread, behind the ones before. It must stay as it is. */
  add(piece: Uint8Array): void
  /** Is done when so few pieces are under way that more may be added. */
  room(): Promise<void>
  /** All of the member: `first`, then the pieces. */
  finish(first: Uint8Array): AsyncGenerator<Buffer, void, undefined>
}

/**
 * Starts a gzip member, as pigz makes it: pieces are compressed side by side, each knows the end of the one before and
 * ends at a whole byte. The same pieces give the same bytes, on however many processors.
 */
export function createGzip(): GzipWriter {
  const compressed: Promise<Buffer>[] = []
  const underWay = new Set<Promise<unknown>>()
  let before: Uint8Array | undefined
  let checksum = 0
  let length = 0
  return {
    add(piece) {
      checksum = crc32(piece, checksum)
      length += piece.length
      const result = compress(piece, before)
      before = piece
      compressed.push(result)
      underWay.add(result)
      // One that fails before its turn is noticed when its turn comes.
      const done = () => void underWay.delete(result)
      result.then(done, done)
    },
    async room() {
      while (underWay.size > MOST_UNDER_WAY) await Promise.race(underWay)
    },
    async *finish(first) {
      yield HEADER
      yield deflateRawSync(first, optionsFor(first))
      for (const part of compressed) yield await part
      yield LAST_BLOCK
      const trailer = Buffer.alloc(8)
      trailer.writeUInt32LE(joinChecksums(crc32(first), checksum, length), 0)
      trailer.writeUInt32LE((first.length + length) % 2 ** 32, 4)
      yield trailer
    },
  }
}

const deflate = promisify<Uint8Array, ZlibOptions, Buffer>(deflateRaw)

async function compress(piece: Uint8Array, before: Uint8Array | undefined): Promise<Buffer> {
  const dictionary = before?.subarray(-DEFLATE_WINDOW)
  const result = await deflate(piece, { ...optionsFor(piece), ...(dictionary ? { dictionary } : {}) })
  // zlib gives a view on memory as large as the piece.
  return Buffer.from(result)
}

function optionsFor(piece: Uint8Array): ZlibOptions {
  return {
    level: LEVEL,
    chunkSize: Math.max(constants.Z_MIN_CHUNK, piece.length / 2),
    finishFlush: constants.Z_SYNC_FLUSH,
  }
}
