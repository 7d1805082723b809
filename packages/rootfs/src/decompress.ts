import { pipeline, Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress, zstdDecompressSync } from 'node:zlib'
import { ByteCursor } from './byte-cursor.ts'
import { type DecompressionLimits, limitPlainBytes } from './decompression-limits.ts'
import { RootfsError } from './error.ts'
import { detectFormat } from './file-format.ts'
import { canGunzipInPlace, gunzipInPlace } from './gunzip.ts'
import { type ZstdFrame, zstdFrames } from './zstd-frames.ts'

/** With its 16 KiB by default zlib is a third slower; with 256 KiB it is no faster than so, but leaves 35 MB more garbage. */
const CHUNK_SIZE = 64 * 1024

/** Frames up to this size are decompressed in one call: setting up a stream takes ten times as long. */
const SMALL_FRAME = 256 * 1024

/** Compressed formats a layer can be in by mistake or by another tool, which are refused. */
const REFUSED = new Set(['xz', 'bzip2', 'lz4', 'zip'])

/** `name` is what messages of a limit call the blob. */
export type DecompressOptions = {
  readonly name?: string
  /** Size of the blob, as its descriptor or its file says; without it nothing is compared with it. */
  readonly compressedBytes?: number
  /** Who reads the plain bytes compares them with a digest: the checksums of gzip are not. */
  readonly isChecked?: boolean
  readonly limits?: DecompressionLimits
}

/**
 * The plain bytes of a blob: gzip (any number of members) and zstd (any number of frames) are decompressed, everything
 * else passes unchanged. The format is told from the first bytes, as media types are often wrong. The source is read to
 * its end, so that one that checks a digest there does so, and closed when the consumer stops early. A piece is valid
 * until the next is asked for, here as in the source.
 *
 * @throws RootfsError `compression` for damaged or cut data, `unsupported` for xz, bzip2, lz4 and zip, `limit` for a bomb;
 * errors of the source pass unchanged
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  { name = 'compressed data', compressedBytes, isChecked = false, limits = {} }: DecompressOptions = {},
): AsyncGenerator<Uint8Array> {
  yield* limitPlainBytes(plainBytesOf(source, isChecked), name, compressedBytes, limits)
}

async function* plainBytesOf(source: AsyncIterable<Uint8Array>, isChecked: boolean): AsyncGenerator<Uint8Array> {
  const cursor = new ByteCursor(source)
  try {
    const start = await cursor.read(16)
    const format = detectFormat(start)
    if (format !== undefined && REFUSED.has(format)) {
      throw new RootfsError('unsupported', `compressed data: ${format} is not read; use gzip or zstd`)
    }
    cursor.unread(start)
    if (format === 'gzip') yield* gunzip(cursor, isChecked)
    else if (format === 'zstd') for await (const frame of zstdFrames(cursor)) yield* decompressFrame(frame)
    else yield* cursor.rest()
  } finally {
    await cursor.close()
  }
}

async function* gunzip(cursor: ByteCursor, isChecked: boolean): AsyncGenerator<Uint8Array> {
  if (!canGunzipInPlace()) {
    yield* transformed(cursor.rest(), createGunzip({ chunkSize: CHUNK_SIZE }), 'gzip')
    return
  }
  try {
    yield* gunzipInPlace(cursor, isChecked)
  } catch (error) {
    throw isZlibError(error) ? compressionError('gzip', error) : error
  }
}

async function* decompressFrame({ contentSize, bytes }: ZstdFrame): AsyncGenerator<Uint8Array> {
  if (contentSize === undefined || contentSize > SMALL_FRAME) {
    yield* transformed(bytes, createZstdDecompress({ chunkSize: CHUNK_SIZE }), 'zstd')
    return
  }
  const parts: Buffer[] = []
  let length = 0
  for await (const part of bytes) {
    length += part.length
    // incompressible blocks are stored as they are, so a frame is never much larger than its content
    if (length > 2 * SMALL_FRAME) throw compressionError('zstd', new Error('a frame is larger than its content'))
    parts.push(Buffer.from(part))
  }
  try {
    yield zstdDecompressSync(Buffer.concat(parts), { maxOutputLength: Math.max(contentSize, 1) })
  } catch (error) {
    throw compressionError('zstd', error)
  }
}

async function* transformed(
  source: AsyncIterable<Buffer>,
  transform: Transform,
  format: string,
): AsyncGenerator<Uint8Array> {
  // pipeline() destroys the transform with the error of the source, which the iteration below then throws
  // two chunks ahead; by default it would be 16, which may be as many megabytes
  pipeline(Readable.from(copied(source), { objectMode: true, highWaterMark: 2 }), transform, () => {})
  try {
    yield* transform
  } catch (error) {
    throw isZlibError(error) ? compressionError(format, error) : error
  }
}

/** A stream asks for the next piece before it is done with the last one. */
async function* copied(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of source) yield Buffer.from(piece)
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code))
}

function compressionError(format: string, cause: unknown): RootfsError {
  const problem = cause instanceof Error ? cause.message : String(cause)
  return new RootfsError('compression', `${format} data: ${problem}; it is damaged or was cut off`, { cause })
}
