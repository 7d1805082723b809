import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type FlistParts, isSoundPart, type PackedRows } from '@tf-images/flist'
import { type IndexKind, IndexReader, IndexWriter, packIndex, unpackIndex } from '@tf-images/rootfs'
import { readCacheFile, writeCacheFile } from './cache-files.ts'
import { PipelineError } from './errors.ts'

/** It holds the identity, the number of parts, what {@link writeFacts} writes of each, and then the pages of all, which are compressed already. */
const KIND: IndexKind = { magic: 'tf-parts', version: 2, what: 'parts of flists', compressed: false }

/** Larger files are none of ours: they are smaller than the trees they belong to. */
const MAX_BYTES = 256 << 20

/** Where another zlib can take the place of the one that Node was built with, nobody could tell which one packed a part. */
const IS_ZLIB_KNOWN = !process.config.variables.node_shared_zlib

/** Parts of the flists of one tree, packed, in a file beside that of the tree. Without them a flist is the same, and takes longer. */
export type PartsCache = {
  /** Adds the parts that are kept, if they can be read. */
  load(parts: FlistParts): Promise<void>
  /** Keeps those that the flist is made of instead, if they are others and can be written. */
  save(parts: FlistParts): Promise<void>
}

/** @param treeIdentity all that the records of the tree depend on */
export function openPartsCache(folder: string, treeIdentity: string): PartsCache {
  const identity = `parts of ${treeIdentity} node ${process.version} ${process.arch}`
  const path = join(folder, `${createHash('sha256').update(identity).digest('hex')}.parts`)

  function decode(bytes: Uint8Array): FlistPart[] {
    const reader = new IndexReader(unpackIndex(KIND, bytes, path, MAX_BYTES), path)
    if (reader.text('its identity') !== identity) throw reader.failure('it has parts of another tree')
    const count = reader.number('the number of parts', MAX_BYTES)
    const facts = Array.from({ length: count }, () => readFacts(reader))
    let rest = reader.rest()
    const parts = facts.map(({ first, packedBytes, ...part }): FlistPart => {
      const pieces = [Promise.resolve(rest.subarray(0, packedBytes))]
      if (packedBytes > rest.length) throw reader.failure('it ends in the middle of a part')
      rest = rest.subarray(packedBytes)
      const whole = { ...part, packed: { ...part.packed, pieces } }
      if (!isSoundPart(whole)) throw reader.failure('it has a part that can not be')
      return [first, whole]
    })
    if (rest.length > 0) throw reader.failure('something stands behind its last part')
    return parts
  }

  async function encode(used: FlistParts['used']): Promise<Uint8Array[]> {
    const writer = new IndexWriter()
    writer.text(identity)
    writer.number(used.size)
    const packed: Uint8Array[] = []
    for (const [first, part] of used) {
      const pieces = await Promise.all(part.packed.pieces)
      writeFacts(writer, first, part, pieces)
      packed.push(...pieces)
    }
    return packIndex(KIND, Buffer.concat([writer.bytes, ...packed]))
  }

  return {
    async load({ known }) {
      const parts = IS_ZLIB_KNOWN ? await readCacheFile(path, MAX_BYTES, decode).catch(ignored) : undefined
      for (const [first, part] of parts ?? []) known.set(first, part)
    },
    async save({ known, used }) {
      const isKept = [...used].every(([first, part]) => known.get(first) === part)
      if (isKept || !IS_ZLIB_KNOWN) return
      const pieces = await encode(used)
      await writeCacheFile(path, () => pieces).catch(ignored)
    },
  }
}

/** The cache may be one that can only be read, and a flist that is nearly made needs it no more. */
function ignored(error: unknown): undefined {
  if (!(error instanceof PipelineError)) throw error
}

/** A part and the number of its first record. */
type FlistPart = readonly [first: number, part: PackedRows]

function writeFacts(writer: IndexWriter, first: number, part: PackedRows, pieces: readonly Uint8Array[]): void {
  const { place, rows, pages, free, leaves, packed } = part
  for (const number of [first, place.pages, place.rowid, rows, pages]) writer.number(number)
  writer.number(free.length)
  for (const page of free) writer.number(page)
  writer.number(leaves.length)
  for (const { page, last } of leaves) for (const number of [page, last]) writer.number(number)
  for (const number of [packed.bytes, packed.checksum]) writer.number(number)
  writer.number(pieces.reduce((sum, { length }) => sum + length, 0))
}

function readFacts(reader: IndexReader) {
  const number = () => reader.number('a number of a part')
  const list = <T>(item: () => T) => Array.from({ length: reader.number('the length of a list', MAX_BYTES) }, item)
  return {
    first: number(),
    place: { pages: number(), rowid: number() },
    rows: number(),
    pages: number(),
    free: list(number),
    leaves: list(() => ({ page: number(), last: number() })),
    packed: { bytes: number(), checksum: number() },
    packedBytes: number(),
  }
}
