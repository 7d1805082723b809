import { createHash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { RootfsError } from './error.ts'
import { indexError } from './index-bytes.ts'

/** What an index file holds: eight bytes that stand for it, the version of its format, and what messages call it. */
export type IndexKind = {
  readonly magic: string
  readonly version: number
  readonly what: string
  /** The data is compressed with zstd */
  readonly compressed: boolean
}

const CHECKSUM_START = 16
const HEADER_BYTES = 48

/**
 * The pieces of an index file: what took long to find out, to be kept. It begins with a header,
 *
 *     8 bytes   magic
 *     4 bytes   version of the format, little-endian like the next
 *     4 bytes   length of the data before compression
 *     32 bytes  sha256 of all other bytes
 *
 * and goes on with the data.
 *
 * @param data compressed where the kind is
 * @param length of the data before
 */
export function packIndex({ magic, version }: IndexKind, data: Buffer, length = data.length): Uint8Array[] {
  const header = Buffer.alloc(HEADER_BYTES)
  header.write(magic, 'latin1')
  header.writeUInt32LE(version, 8)
  header.writeUInt32LE(length, 12)
  checksum(header, data).copy(header, CHECKSUM_START)
  return [header, data]
}

/**
 * The data of an index file, decompressed when the checksum is right; else a view.
 *
 * @param name what messages call the file
 * @param limit bytes of the data before compression
 * @throws RootfsError `index` for damage, another kind, another version; `limit`
 */
export function unpackIndex(kind: IndexKind, bytes: Uint8Array, name: string, limit: number): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { magic } = kind
  if (buffer.length < HEADER_BYTES || buffer.toString('latin1', 0, magic.length) !== magic) {
    throw indexError(name, `it is no ${kind.what}`)
  }
  const version = buffer.readUInt32LE(8)
  if (version !== kind.version) throw indexError(name, `it has version ${version}, known is ${kind.version}`)
  const data = buffer.subarray(HEADER_BYTES)
  if (!checksum(buffer, data).equals(buffer.subarray(CHECKSUM_START, HEADER_BYTES))) {
    throw indexError(name, 'its checksum is wrong: it was changed or cut off')
  }
  const length = buffer.readUInt32LE(12)
  if (length > limit) {
    throw new RootfsError(
      'limit',
      `${name}: it holds ${length} bytes, the limit is ${limit}; raise it if this is meant`,
    )
  }
  const plain = kind.compressed ? decompressTo(data, Math.max(length, 1), name) : data
  if (plain.length !== length) throw indexError(name, `it holds ${plain.length} bytes, its header says ${length}`)
  return plain
}

function decompressTo(data: Buffer, length: number, name: string): Buffer {
  try {
    return zstdDecompressSync(data, { maxOutputLength: length, chunkSize: Math.min(Math.max(length, 64), 1 << 20) })
  } catch (cause) {
    throw indexError(name, 'it cannot be decompressed', cause)
  }
}

function checksum(header: Buffer, data: Buffer): Buffer {
  return createHash('sha256').update(header.subarray(0, CHECKSUM_START)).update(data).digest()
}
