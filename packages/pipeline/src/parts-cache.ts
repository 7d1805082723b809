import type { KeptParts, PackedRows } from '@tf-images/flist'
import { type IndexKind, IndexReader, IndexWriter, packIndex, unpackIndex } from '@tf-images/rootfs'
import { readCacheFile, writeCacheFile } from './cache-files.ts'

/** It holds the identity, the number of parts, and of each what {@link encodePart} writes, which is compressed already. */
const KIND: IndexKind = { magic: 'tf-parts', version: 1, what: 'parts of flists', compressed: false }

/** Larger files are none of ours: they are smaller than the trees they belong to. */
const MAX_BYTES = 256 << 20

/** Adds the packed parts that are kept of a flist of the same tree. @throws PipelineError 'cache-failed' */
export async function loadParts(path: string, treeIdentity: string, { known }: KeptParts): Promise<void> {
  const parts = await readCacheFile(path, MAX_BYTES, (bytes) => {
    const reader = new IndexReader(unpackIndex(KIND, bytes, path, MAX_BYTES), path)
    if (reader.text('its identity') !== identityOf(treeIdentity)) throw reader.failure('it has parts of another tree')
    const count = reader.number('the number of parts', MAX_BYTES)
    const parts = Array.from({ length: count }, () => decodePart(reader))
    reader.end()
    return parts
  })
  for (const [first, part] of parts ?? []) known.set(first, part)
}

/** Keeps the parts of the flist that was made last, if they are not those that are kept. @throws PipelineError 'cache-failed' */
export async function saveParts(path: string, treeIdentity: string, { known, used }: KeptParts): Promise<void> {
  if ([...used].every(([first, part]) => known.get(first) === part)) return
  const writer = new IndexWriter()
  writer.text(identityOf(treeIdentity))
  writer.number(used.size)
  for (const [first, part] of used) await encodePart(writer, first, part)
  await writeCacheFile(path, () => packIndex(KIND, writer.bytes))
}

/** What packed parts depend on: the tree they are of, and the zlib that packed them. */
function identityOf(treeIdentity: string): string {
  return `parts of ${treeIdentity} zlib ${process.versions.zlib}`
}

async function encodePart(writer: IndexWriter, first: number, part: PackedRows): Promise<void> {
  const { place, rows, pages, free, leaves, packed } = part
  for (const number of [first, place.pages, place.rowid, rows, pages]) writer.number(number)
  writer.number(free.length)
  for (const page of free) writer.number(page)
  writer.number(leaves.length)
  for (const { page, last } of leaves) for (const number of [page, last]) writer.number(number)
  writer.number(packed.bytes)
  writer.number(packed.checksum)
  writer.data(Buffer.concat(await Promise.all(packed.pieces)))
}

function decodePart(reader: IndexReader): [first: number, part: PackedRows] {
  const number = () => reader.number('a number of a part')
  const list = <T>(item: () => T) => Array.from({ length: reader.number('the length of a list', MAX_BYTES) }, item)
  const first = number()
  const part = {
    place: { pages: number(), rowid: number() },
    rows: number(),
    pages: number(),
    free: list(number),
    leaves: list(() => ({ page: number(), last: number() })),
    packed: { bytes: number(), checksum: number(), pieces: [Promise.resolve(reader.data('the pages of a part'))] },
  }
  return [first, part]
}
