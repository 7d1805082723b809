import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  byteString,
  CHUNK_SIZE,
  createTreeSummariser,
  type FlistMetadata,
  listChunks,
  openFlist,
  type TreeSummary,
} from '@tf-images/flist'
import { PipelineError } from '../errors.ts'

/** A chunk of a flist, as storage counts it. */
export type ChunkUse = {
  readonly id: Uint8Array
  /** Plain bytes. */
  readonly bytes: number
  /** The first file that has it: a byte string without a leading slash. */
  readonly path: string
}

/** Everything that publishing needs of a flist, read in one pass; nothing stays open. */
export type FlistContent = {
  readonly path: string
  /** Size and md5 (hex) of the flist file. */
  readonly flistBytes: number
  readonly md5: string
  readonly summary: TreeSummary
  readonly metadata: FlistMetadata
  /** Each chunk once, in tree order, by its id as a byte string. */
  readonly chunks: ReadonlyMap<string, ChunkUse>
}

/**
 * Opens a flist once and reads all of its records: its hash, its counts and its chunks.
 *
 * @throws FlistError; PipelineError 'bad-source' for a `.fl`, which no 0-hub takes
 */
export async function readFlistContent(
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<FlistContent> {
  using flist = await openFlist(path, options)
  const format = flist.chunkFormat
  if (format.name !== 'flist') {
    throw new PipelineError('bad-source', `${path}: is a .fl, which a 0-hub does not take; convert to a .flist`)
  }
  const summariser = createTreeSummariser(format)
  const chunks = new Map<string, ChunkUse>()
  for (const { path: inner, node } of flist.walk()) {
    summariser.add(inner, node)
    if (node.type !== 'file') continue
    let rest = node.size
    for (const { id } of listChunks(node.content, format)) {
      const key = byteString(id)
      if (!chunks.has(key)) chunks.set(key, { id, bytes: Math.min(CHUNK_SIZE, rest), path: inner })
      rest -= CHUNK_SIZE
    }
  }
  return { path, ...(await hashFile(path)), summary: summariser.finish(), metadata: flist.metadata, chunks }
}

async function hashFile(path: string): Promise<{ flistBytes: number; md5: string }> {
  const hash = createHash('md5')
  let flistBytes = 0
  for await (const bytes of createReadStream(path)) {
    hash.update(bytes)
    flistBytes += bytes.length
  }
  return { flistBytes, md5: hash.digest('hex') }
}
