import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { type DecompressOptions, plainBytesOf } from './decompress.ts'
import { limitPlainBytes } from './decompression-limits.ts'
import { type DecompressionThread, startDecompressionThread } from './threaded-decompression.ts'

/** The plain bytes of a blob, to be read once. A piece is valid until the next is asked for. */
export type PlainBytes = AsyncIterable<Uint8Array> & {
  /** The SHA-256 of them all, in hex. To be asked when they were read to their end. */
  readonly sha256: () => string
}

/** Decompresses blobs one after the other; ending it ends its thread. */
export type Decompressor = AsyncDisposable & {
  /** What {@link decompress} gives, limits and errors included, with its digest. The blob before must be done with. */
  open(source: AsyncIterable<Uint8Array>, options?: DecompressOptions): PlainBytes
}

export type DecompressorOptions = {
  /** Whether a thread may be started; unless told, where there is a processor for it. */
  readonly isThreaded?: boolean
  /** Compressed bytes of a blob from which on a thread is worth its start; 8 MiB unless told. */
  readonly threadedFrom?: number
}

const THREADED_FROM = 8 << 20

/**
 * A decompressor. It decompresses and hashes large blobs in a thread, while what came out before is worked on, and small ones,
 * and those of unknown size, where it is called. The bytes are the same.
 */
export function createDecompressor(options: DecompressorOptions = {}): Decompressor {
  const { isThreaded = availableParallelism() > 1, threadedFrom = THREADED_FROM } = options
  let thread: DecompressionThread | undefined

  function usableThread(): DecompressionThread {
    if (!thread?.isUsable) thread = startDecompressionThread()
    return thread
  }

  function open(source: AsyncIterable<Uint8Array>, options: DecompressOptions = {}): PlainBytes {
    const { name = 'compressed data', compressedBytes, limits = {} } = options
    let sha256 = ''
    const whole = (digest: string) => {
      sha256 = digest
    }
    const isLarge = isThreaded && compressedBytes !== undefined && compressedBytes >= threadedFrom
    const plain = isLarge ? usableThread().decompress(source, whole) : hashed(plainBytesOf(source), whole)
    const limited = limitPlainBytes(plain, name, compressedBytes, limits)
    return { [Symbol.asyncIterator]: () => limited, sha256: () => sha256 }
  }

  return { open, [Symbol.asyncDispose]: async () => thread?.close() }
}

async function* hashed(plain: AsyncIterable<Uint8Array>, whole: (sha256: string) => void) {
  const hash = createHash('sha256')
  for await (const bytes of plain) {
    hash.update(bytes)
    yield bytes
  }
  whole(hash.digest('hex'))
}
