import { CHUNK_SIZE } from '../codec/chunk.ts'
import { type ChunkFormat, FLIST_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { type ChunkStore, formatChunkId } from '../stores/chunk-store.ts'
import { type ChunkList, type FileNode, listChunks } from '../tree.ts'

/** The part of a chunk store that reading needs. */
export type ChunkSource = Pick<ChunkStore, 'get'>

type Chunk = { readonly id: Uint8Array; readonly key: Uint8Array }

/** Chunks asked for before they are needed: enough to hide a network, 4 MiB of memory at most. */
const READ_AHEAD = 8

/**
 * The content of a file of a flist, each chunk checked against the hash of its plain bytes and the size of the file.
 * Chunks are fetched a few ahead and given one by one, so memory does not grow with the file; a chunk that comes again
 * right behind itself, as in a hole, is the same bytes again, which nobody may change. `format` is that of the flist the
 * file is from (`flist.chunkFormat`), `FLIST_CHUNKS` unless told.
 *
 * Throws `corrupt` when size and chunks do not agree (the reference loses the end of some files over 16 MiB),
 * `chunk-missing`, `chunk-corrupt` and what the store throws.
 */
export async function* readFile(
  file: FileNode<ChunkList>,
  store: ChunkSource,
  options: { readonly format?: ChunkFormat; readonly signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array> {
  const { format = FLIST_CHUNKS } = options
  const count = Math.ceil(file.size / CHUNK_SIZE)
  if (file.content.length !== count * format.entryBytes) {
    const held = file.content.length / format.entryBytes
    const remedy = 'zflist drops the end of such a file, make the flist again with another writer'
    throw new FlistError('corrupt', `file of ${file.size} bytes: has ${held} chunks, needs ${count}; ${remedy}`)
  }
  const fetches = startFetches(file, store, format)
  const window: Promise<Uint8Array>[] = []
  for (;;) {
    options.signal?.throwIfAborted()
    while (window.length < READ_AHEAD) {
      const { value: fetch } = fetches.next()
      if (!fetch) break
      window.push(fetch)
    }
    const first = window.shift()
    if (first === undefined) return
    yield await first
  }
}

function* startFetches(
  file: FileNode<ChunkList>,
  store: ChunkSource,
  format: ChunkFormat,
): Generator<Promise<Uint8Array>, undefined> {
  let index = 0
  let last: (Chunk & { readonly length: number; readonly fetch: Promise<Uint8Array> }) | undefined
  for (const { id, key } of listChunks(file.content, format)) {
    const length = chunkLength(file.size, index++)
    const isSame = last !== undefined && last.length === length && isEqual(last.id, id) && isEqual(last.key, key)
    if (!last || !isSame) last = { id, key, length, fetch: fetchAhead(store, { id, key }, length, format) }
    yield last.fetch
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** Starts a fetch whose failure may be looked at late, or never when the reader stops before. */
function fetchAhead(store: ChunkSource, chunk: Chunk, length: number, format: ChunkFormat): Promise<Uint8Array> {
  const fetched = fetchChunk(store, chunk, length, format)
  fetched.catch(() => {})
  return fetched
}

/** The plain bytes of the chunk at `index` of a file. */
export function chunkLength(size: number, index: number): number {
  return Math.min(CHUNK_SIZE, size - index * CHUNK_SIZE)
}

/** Fetches and decodes one chunk. Throws `chunk-missing`, `chunk-corrupt` and what the store throws. */
export async function fetchChunk(
  store: ChunkSource,
  { id, key }: Chunk,
  length: number,
  format: ChunkFormat,
): Promise<Uint8Array> {
  const plain = format.decode(await store.get(id), key)
  if (plain.length === length) return plain
  const chunk = `chunk ${formatChunkId(id)}`
  throw new FlistError(
    'chunk-corrupt',
    `${chunk}: has ${plain.length} bytes, its file needs ${length}; make the flist again`,
  )
}
