import type { ChunkFormat } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { byteString } from '../format/byte-string.ts'
import { quotePath } from '../format/names.ts'
import { type ChunkStore, formatChunkId } from '../stores/chunk-store.ts'
import { type ChunkList, listChunks } from '../tree.ts'
import type { ProblemList } from './problem-list.ts'
import { chunkLength, fetchChunk } from './read-file.ts'

/** The part of a chunk store that checking needs. */
export type ChunkIndex = Pick<ChunkStore, 'get' | 'missing'>

/** Every different chunk of a flist, with one file it belongs to. */
export type ChunkTable = {
  readonly format: ChunkFormat
  /** Notes the chunks of a file; says whether they fit what other files say of the same chunks. */
  add(path: string, size: number, content: ChunkList): boolean
  uses(): Iterable<ChunkUse>
}

type ChunkUse = { readonly id: Uint8Array; readonly key: Uint8Array; readonly length: number; readonly path: string }

/** Ids in one question to the store. */
const BATCH = 1000

/** Chunks fetched at a time. */
const FETCHES = 4

/** An empty table; id and key together name a chunk. */
export function createChunkTable(format: ChunkFormat): ChunkTable {
  const table = new Map<string, { readonly path: string; readonly length: number }>()
  return {
    format,
    add(path, size, content) {
      let index = 0
      let fits = true
      const entries = Buffer.from(content.buffer, content.byteOffset, content.length)
      for (let at = 0; at < entries.length; at += format.entryBytes) {
        const name = entries.toString('latin1', at, at + format.entryBytes)
        const length = chunkLength(size, index++)
        const known = table.get(name)
        if (known === undefined) table.set(name, { path, length })
        else fits &&= known.length === length
      }
      return fits
    },
    *uses() {
      for (const [name, use] of table) {
        const [chunk] = listChunks(Buffer.from(name, 'latin1'), format)
        if (chunk !== undefined) yield { ...chunk, ...use }
      }
    },
  }
}

/** Asks the store for every chunk, and with `contents` reads each one. Gives the number of those not there. */
export async function checkChunks(
  table: ChunkTable,
  store: ChunkIndex,
  problems: ProblemList,
  options: { readonly contents: boolean; readonly signal?: AbortSignal },
): Promise<number> {
  const missing = new Set<string>()
  for (const batch of batches(table.uses(), BATCH)) {
    options.signal?.throwIfAborted()
    for (const id of await store.missing(batch.map((use) => use.id))) missing.add(byteString(id))
    for (const use of batch) {
      if (missing.has(byteString(use.id)))
        problems.add('chunk', use.path, `${place(use)} is not in the store; upload it`)
    }
  }
  if (!options.contents) return missing.size
  for (const batch of batches(table.uses(), FETCHES)) {
    options.signal?.throwIfAborted()
    const stored = batch.filter((use) => !missing.has(byteString(use.id)))
    await Promise.all(stored.map((use) => checkContent(use, table.format, store, problems)))
  }
  return missing.size
}

async function checkContent(
  use: ChunkUse,
  format: ChunkFormat,
  store: ChunkIndex,
  problems: ProblemList,
): Promise<void> {
  try {
    await fetchChunk(store, use, use.length, format)
  } catch (error) {
    if (!(error instanceof FlistError) || !error.code.startsWith('chunk-')) throw error
    problems.add('chunk', use.path, `${place(use)} is not right: ${error.message}`)
  }
}

function place(use: ChunkUse): string {
  return `${quotePath(use.path)}: chunk ${formatChunkId(use.id)}`
}

function* batches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
