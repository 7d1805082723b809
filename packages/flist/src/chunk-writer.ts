import { CHUNK_SIZE } from './codec/chunk.ts'
import type { EncodedChunk } from './codec/chunk-codec.ts'
import { type ChunkFormat, FLIST_CHUNKS } from './codec/chunk-format.ts'
import { FlistError } from './errors.ts'
import type { ChunkStore } from './stores/chunk-store.ts'
import type { ChunkList } from './tree.ts'

/** What went through a writer so far. Sizes in bytes. */
export type ChunkStats = {
  /** Plain bytes of all files. */
  bytes: number
  /** Chunks of all files, each as often as it occurs. */
  chunks: number
  /** Different chunks among them. */
  uniqueChunks: number
  /** Those the store did not have, and the size of their stored bytes. */
  newChunks: number
  newBytes: number
}

/** Takes the content of one file. */
export type ChunkFileWriter = {
  /** The next bytes of the file; they must stay as they are until the promise, if there is one, resolves. */
  write(bytes: Uint8Array): void | Promise<void>
  /**
   * The file is complete. Its list has its final length, but its entries are only sure to be there after `flush`.
   * @throws FlistError `invalid` when the bytes were not as many as announced
   */
  end(): ChunkList
}

/** Stores the contents of files as chunks. */
export type ChunkWriter = {
  /** Begins a file of `size` bytes; the one before must have ended. */
  open(size: number): ChunkFileWriter
  /** Resolves when all chunks so far are stored and all lists so far are filled in. The writer may be used on. */
  flush(): Promise<void>
  readonly stats: Readonly<ChunkStats>
}

/** Plain bytes encoded at a time. */
const BATCH_BYTES = 4 << 20
/** Chunks encoded at a time: bounds what small files need. */
const BATCH_CHUNKS = 4096
/** Encoded batches on their way to the store. */
const MAX_BATCHES = 4

/** A file and the entries of its chunks; the list may be longer than it will be until the file ends. */
type OpenFile = { list: Uint8Array; chunks: number }
type Piece = { readonly file: OpenFile; readonly index: number; readonly start: number; readonly end: number }

const text = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/**
 * Cuts files into chunks, encodes those whose plain bytes it has not seen yet, and puts those the store does not have.
 * Memory is bounded by a few batches, whatever the files' sizes, and about 100 bytes per different chunk: the caller
 * waits for the promises it gets. After an error of the store every call fails with it.
 *
 * `format` says how chunks are encoded and what the lists of files hold: `FLIST_CHUNKS` unless told.
 */
export function createChunkWriter(store: ChunkStore, options: { readonly format?: ChunkFormat } = {}): ChunkWriter {
  const { format = FLIST_CHUNKS } = options
  const codec = format.createCodec()
  const stats: ChunkStats = { bytes: 0, chunks: 0, uniqueChunks: 0, newChunks: 0, newBytes: 0 }
  /** Ids by keys, both as byte strings. */
  const known = new Map<string, string>()
  const batch = Buffer.allocUnsafeSlow(BATCH_BYTES)
  let pieces: Piece[] = []
  let used = 0
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  /** A file is open. */
  let busy = false

  function checkFailure(): void {
    if (failure) throw failure.error
  }

  async function storeChunks(chunks: readonly EncodedChunk[]): Promise<void> {
    const byId = new Map(chunks.map((chunk) => [text(chunk.id), chunk]))
    const missing = await store.missing(chunks.map(({ id }) => id))
    const fresh = missing.map((id) => byId.get(text(id)) as EncodedChunk)
    await store.put(fresh)
    stats.newChunks += fresh.length
    stats.newBytes += fresh.reduce((sum, { data }) => sum + data.length, 0)
  }

  /** Encodes the batch, fills in its entries, and sends what is new on its way. A promise asks to wait. */
  function encodeBatch(): void | Promise<void> {
    const keys: string[] = []
    const encoded = codec.encodeBatch(
      pieces.map(({ start, end }) => batch.subarray(start, end)),
      (key) => {
        const name = text(key)
        keys.push(name)
        if (known.has(name)) return true
        known.set(name, '')
        return false
      },
    )
    for (const { id, key } of encoded) known.set(text(key), text(id))
    pieces.forEach(({ file, index }, i) => {
      const key = keys[i] ?? ''
      Buffer.from((known.get(key) ?? '') + key, 'latin1').copy(file.list, index * format.entryBytes)
    })
    stats.uniqueChunks += encoded.length
    pieces = []
    used = 0
    if (encoded.length === 0) return

    const task = storeChunks(encoded)
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => underWay.delete(task))
    underWay.add(task)
    if (underWay.size >= MAX_BATCHES) return Promise.race(underWay).then(checkFailure)
  }

  function addPiece(file: OpenFile, start: number, end: number): void {
    const needed = (file.chunks + 1) * format.entryBytes
    if (needed > file.list.length) {
      const grown = new Uint8Array(2 * needed)
      grown.set(file.list)
      file.list = grown
    }
    pieces.push({ file, index: file.chunks++, start, end })
    stats.chunks++
  }

  /** Chunks of several files cannot lie between each other in the batch. */
  function checkIdle(): void {
    checkFailure()
    if (busy) throw new FlistError('invalid', 'chunk writer: the last file has not ended; end it first')
  }

  function open(size: number): ChunkFileWriter {
    checkIdle()
    busy = true
    const file: OpenFile = { list: new Uint8Array(format.entryBytes), chunks: 0 }
    let written = 0
    /** Where the chunk under way begins in the batch. */
    let start = used

    const wrongSize = (actual: string) =>
      new FlistError('invalid', `file of ${size} bytes: ${actual} arrived; its source changed or is damaged`)

    function write(bytes: Uint8Array): void | Promise<void> {
      checkFailure()
      if (written + bytes.length > size) throw wrongSize('more')
      let rest = bytes
      while (rest.length > 0) {
        const length = Math.min(CHUNK_SIZE, size - written + (used - start))
        if (used === start && (used + length > BATCH_BYTES || pieces.length === BATCH_CHUNKS)) {
          const wait = encodeBatch()
          start = used
          if (wait) {
            const later = rest
            return wait.then(() => write(later))
          }
        }
        const part = rest.subarray(0, length - (used - start))
        batch.set(part, used)
        used += part.length
        written += part.length
        stats.bytes += part.length
        rest = rest.subarray(part.length)
        if (used - start === length) {
          addPiece(file, start, used)
          start = used
        }
      }
    }

    function end(): ChunkList {
      checkFailure()
      if (written < size) throw wrongSize(`only ${written}`)
      busy = false
      file.list = file.list.slice(0, file.chunks * format.entryBytes)
      return file.list
    }

    return { write, end }
  }

  async function flush(): Promise<void> {
    checkIdle()
    await encodeBatch()
    await Promise.all(underWay)
    checkFailure()
  }

  return { open, flush, stats }
}
