import { zstdDecompressSync } from 'node:zlib'
import { unpackBzip2 } from './bzip2.ts'
import { unpackGzip } from './gzip.ts'
import { unpackLz4 } from './lz4.ts'
import { unpackLzma } from './lzma.ts'
import { unpackLzo } from './lzo.ts'
import { unpackXz } from './xz.ts'
import { callZlib } from './zlib-call.ts'

/** Every compression the Linux build offers for kernels and initial RAM disks. */
export type Compression = 'gzip' | 'bzip2' | 'lzma' | 'xz' | 'lzo' | 'lz4' | 'zstd'

/** Plain bytes, and how many of the compressed ones they were. */
export type Unpacked = { readonly bytes: Uint8Array; readonly consumed: number }

const magics: readonly (readonly [string, Compression])[] = [
  ['1f8b', 'gzip'],
  ['425a68', 'bzip2'],
  ['5d0000', 'lzma'],
  ['fd377a585a00', 'xz'],
  ['894c5a', 'lzo'],
  ['02214c18', 'lz4'],
  ['28b52ffd', 'zstd'],
]

/** The compression that data begins with, by the magics Linux goes by (lib/decompress.c). */
export function detectCompression(bytes: Uint8Array): Compression | undefined {
  const head = Buffer.from(bytes.subarray(0, 8)).toString('hex')
  return magics.find(([magic]) => head.startsWith(magic))?.[1]
}

/**
 * Unpacks data in memory. What follows the compressed data is left where the format tells its end.
 *
 * @param limit most bytes it may become
 * @throws VmError 'compressed-data' for data that is cut off, damaged or over the limit
 */
export function unpack(compression: Compression, bytes: Uint8Array, limit: number): Unpacked {
  switch (compression) {
    case 'gzip':
      return unpackGzip(bytes, limit)
    case 'zstd':
      return unpackZstd(bytes, limit)
    case 'bzip2':
      return unpackBzip2(bytes, limit)
    case 'lzma':
      return unpackLzma(bytes, limit)
    case 'xz':
      return unpackXz(bytes, limit)
    case 'lzo':
      return unpackLzo(bytes, limit)
    case 'lz4':
      return unpackLz4(bytes, limit)
  }
}

function unpackZstd(bytes: Uint8Array, limit: number): Unpacked {
  const options = { maxOutputLength: Math.max(1, limit), info: true }
  const { buffer, engine } = callZlib('zstd', limit, () => zstdDecompressSync(bytes, options))
  return { bytes: buffer, consumed: engine.bytesWritten }
}
