import { byteString, type ChunkStore } from '@tf-images/flist'
import { pathForPeople } from '../fidelity/findings.ts'
import type { ChunkUse, FlistContent } from './flist-content.ts'

/** Chunks and the plain bytes in them. */
export type ChunkAmount = { readonly chunks: number; readonly bytes: number }

/** What publishing a flist costs, and what it shares with what is there. Bytes of chunks are plain ones, before compression. */
export type StorageReport = {
  /** The flist file itself. */
  readonly flistBytes: number
  /** Files, and the bytes in them as programs see them. */
  readonly files: number
  readonly fileBytes: number
  /** Different chunks: what all files take together. */
  readonly unique: ChunkAmount
  readonly onBackend: ChunkAmount
  readonly toSend: ChunkAmount
  /** What goes over the line: the chunks to send as they are stored. Known after a look into the local store. */
  readonly sendBytes?: number
  /** Published flists that have the same chunks, most shared first; absent when nobody asked. */
  readonly sharedWith?: readonly ({ readonly name: string } & ChunkAmount)[]
  /** Flists that were not compared with, because there are too many. */
  readonly notCompared?: number
  /** The files with the most bytes that the backend does not have, at most ten. */
  readonly largestNew: readonly { readonly path: string; readonly bytes: number }[]
}

/** A published flist to compare with. */
export type PublishedChunks = { readonly name: string; readonly chunks: ReadonlySet<string> }

const LARGEST = 10

/** What the backend has of a flist: the report, and the chunks it lacks, in tree order. */
export type StorageFacts = { readonly report: StorageReport; readonly missing: readonly ChunkUse[] }

/** Asks the backend for every chunk of a flist, and counts. */
export async function readStorage(
  content: FlistContent,
  backend: Pick<ChunkStore, 'missing'>,
  others?: { readonly flists: readonly PublishedChunks[]; readonly notCompared: number },
): Promise<StorageFacts> {
  const all = [...content.chunks.values()]
  const absent = await backend.missing(all.map(({ id }) => id))
  const missing = absent.flatMap((id) => content.chunks.get(byteString(id)) ?? [])
  const unique = amountOf(all)
  const toSend = amountOf(missing)
  const report: StorageReport = {
    flistBytes: content.flistBytes,
    files: content.summary.files,
    fileBytes: content.summary.bytes,
    unique,
    onBackend: { chunks: unique.chunks - toSend.chunks, bytes: unique.bytes - toSend.bytes },
    toSend,
    largestNew: largestNew(missing),
  }
  if (!others) return { report, missing }
  const sharedWith = others.flists
    .map(({ name, chunks }) => ({ name, ...amountOf(all.filter(({ id }) => chunks.has(byteString(id)))) }))
    .filter(({ chunks }) => chunks > 0)
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))
  return { report: { ...report, sharedWith, notCompared: others.notCompared }, missing }
}

function amountOf(chunks: readonly ChunkUse[]): ChunkAmount {
  return { chunks: chunks.length, bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0) }
}

/** A chunk that several files have counts for the first of them, as it is sent once. */
function largestNew(missing: readonly ChunkUse[]): StorageReport['largestNew'] {
  const files = new Map<string, number>()
  for (const { path, bytes } of missing) files.set(path, (files.get(path) ?? 0) + bytes)
  return [...files]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, LARGEST)
    .map(([path, bytes]) => ({ ...pathForPeople(path), bytes }))
}
