import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { quoteName, RootfsError } from './error.ts'
import { IndexReader, IndexWriter, indexError } from './index-bytes.ts'
import { type ContentDecoder, readEntry, writeEntry } from './index-entry.ts'
import type { Layer, LayerEntry } from './layer.ts'
import { DEFAULT_LIMITS } from './tar-limits.ts'

/**
 * A layer index: a layer as bytes, to be kept so that the layer need not be read again. It begins with a header,
 *
 *     8 bytes   magic `tf-layer`
 *     4 bytes   version of the format, little-endian like the next
 *     4 bytes   length of the entries before compression
 *     32 bytes  sha256 of all other bytes
 *
 * and goes on with the entries, compressed with zstd: the identity, the number of entries, and each entry.
 */
const MAGIC = Buffer.from('tf-layer', 'latin1')
const VERSION = 1
const CHECKSUM_START = 16
const HEADER_BYTES = 48

/** What an index may cost at most, so that a forged one costs no more than a forged archive. */
export type LayerIndexLimits = {
  /** Bytes before compression; default 512 MiB. */
  readonly bytes?: number
  /** Entries, and extended attributes of all of them; default 2 million each. */
  readonly entries?: number
  /** Components of one path; default 2048. */
  readonly pathDepth?: number
}

const DEFAULT_BYTES = 512 * 1024 ** 2

export type LayerIndexOptions = {
  /** What the layer is called, and messages call the index. */
  readonly name?: string
  readonly limits?: LayerIndexLimits
}

/**
 * The index of a layer. Equal layers give equal bytes; the name of a layer is not kept, as one layer is in many images.
 *
 * @param identity a byte string that says what the index is of; only who names it again can decode the index
 * @param encodeContent the content of a file as bytes
 * @throws RootfsError `limit` for more than 512 MiB of entries
 */
export function encodeLayer<C>(
  layer: Layer<C>,
  identity: string,
  encodeContent: (content: C) => Uint8Array,
): Uint8Array {
  const writer = new IndexWriter()
  writer.text(identity)
  writer.number(layer.entries.length)
  for (const entry of layer.entries) writeEntry(writer, entry, encodeContent)
  const { length } = writer.bytes
  if (length > DEFAULT_BYTES) {
    throw new RootfsError(
      'limit',
      `${layer.name}: its index has ${length} bytes, the limit is ${DEFAULT_BYTES}; use the layer without an index`,
    )
  }
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt32LE(VERSION, 8)
  header.writeUInt32LE(length, 12)
  const data = zstdCompressSync(writer.bytes)
  checksum(header, data).copy(header, CHECKSUM_START)
  return Buffer.concat([header, data])
}

/**
 * Reads an index, which is hostile until it proves whole: checksum first, then every field. What it gives is a layer as
 * `readLayer` gives it. Contents and extended attributes are views on one buffer.
 *
 * @param identity what the index must have been made with
 * @param decodeContent makes the content of a file again from its bytes; what it throws is the cause of an `index` error
 * @throws RootfsError `index` for damage, another version, another identity; `limit`
 */
export function decodeLayer<C>(
  bytes: Uint8Array,
  identity: string,
  decodeContent: ContentDecoder<C>,
  options: LayerIndexOptions = {},
): Layer<C> {
  const { name = 'layer index', limits = {} } = options
  const maxEntries = limits.entries ?? DEFAULT_LIMITS.entries
  const reader = new IndexReader(decompressEntries(bytes, name, limits.bytes ?? DEFAULT_BYTES), name)
  const actual = reader.text('its identity')
  if (actual !== identity) {
    throw reader.failure(`it is an index of ${quoteName(actual)}, not of ${quoteName(identity)}`)
  }
  const count = reader.number('the number of entries')
  if (count > maxEntries) {
    throw new RootfsError(
      'limit',
      `${name}: it has ${count} entries, the limit is ${maxEntries}; raise it if this is meant`,
    )
  }
  const budget = { xattrs: maxEntries, pathDepth: limits.pathDepth ?? DEFAULT_LIMITS.pathDepth }
  const decode: ContentDecoder<C> = (content, size) => {
    try {
      return decodeContent(content, size)
    } catch (cause) {
      throw reader.failure('the content of a file cannot be read', cause)
    }
  }
  const entries: LayerEntry<C>[] = []
  for (let i = 0; i < count; i++) entries.push(readEntry(reader, decode, budget))
  reader.end()
  return { name, entries }
}

function decompressEntries(bytes: Uint8Array, name: string, limit: number): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < HEADER_BYTES || !buffer.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw indexError(name, 'it is no layer index')
  }
  const version = buffer.readUInt32LE(8)
  if (version !== VERSION) throw indexError(name, `it has version ${version}, known is ${VERSION}`)
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
  const plain = decompressTo(data, Math.max(length, 1), name)
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
