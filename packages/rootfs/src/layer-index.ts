import { zstdCompressSync } from 'node:zlib'
import { quoteName, RootfsError } from './error.ts'
import { IndexReader, IndexWriter } from './index-bytes.ts'
import { type ContentDecoder, readEntry, writeEntry } from './index-entry.ts'
import { type IndexKind, packIndex, unpackIndex } from './index-file.ts'
import type { Layer, LayerEntry } from './layer.ts'
import { DEFAULT_LIMITS } from './tar-limits.ts'

/**
 * A layer index: a layer as bytes, to be kept so that the layer need not be read again. It is an index file (see
 * {@link packIndex}) that holds the identity, the number of entries, and each entry.
 */
const KIND: IndexKind = { magic: 'tf-layer', version: 1, what: 'layer index', compressed: true }

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
  return Buffer.concat(packIndex(KIND, zstdCompressSync(writer.bytes), length))
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
  const reader = new IndexReader(unpackIndex(KIND, bytes, name, limits.bytes ?? DEFAULT_BYTES), name)
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
