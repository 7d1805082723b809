import { openBatchPut } from './batch-put.ts'
import { claimChunks, createChunkEntries, type FileEntries, type Place, splitHashes } from './chunk-entries.ts'
import { BATCH_BYTES, BATCH_CHUNKS, type BatchMemory, createBatchMemories, encodedChunk } from './codec/batch.ts'
import type { BatchCodecOptions } from './codec/batch-codec.ts'
import { CHUNK_SIZE } from './codec/chunk.ts'
import { type ChunkFormat, FLIST_CHUNKS } from './codec/chunk-format.ts'
import { FlistError } from './errors.ts'
import { byteString } from './format/byte-string.ts'
import type { ChunkStore } from './stores/chunk-store.ts'
import { type KnownChunks, pairsOf } from './stores/known-chunks.ts'
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
  /** Tells that about so many bytes are to come (see `BatchCodec`). */
  expect(bytes: number): Promise<void>
  /** Begins a file of `size` bytes; the one before must have ended. */
  open(size: number): ChunkFileWriter
  /** Resolves when all chunks so far are stored and all lists so far are filled in. The writer may be used on. */
  flush(): Promise<void>
  /** Does what `flush` does and ends the threads until more is written. */
  rest(): Promise<void>
  readonly stats: Readonly<ChunkStats>
  /** Ends the threads, also after an error. What was not flushed may be lost. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Chunks collected to be encoded together: where each belongs, and where it ends in the memory. */
type OpenBatch = { readonly memory: BatchMemory; readonly places: Place[]; readonly ends: number[]; used: number }

export type ChunkWriterOptions = BatchCodecOptions & {
  /** How chunks are encoded and what the lists of files hold: `FLIST_CHUNKS` unless told. */
  readonly format?: ChunkFormat
}

/**
 * Cuts files into chunks, encodes those whose plain bytes it has not seen yet, and puts those the store does not have.
 * When there is enough to do threads encode, too; ids, bytes and stats do not depend on how many.
 *
 * Memory is bounded by a few batches, whatever the files' sizes, and about 100 bytes per different chunk: the caller
 * waits for the promises it gets. After an error of the store every call fails with it.
 */
export function createChunkWriter(store: ChunkStore, options: ChunkWriterOptions = {}): ChunkWriter {
  const { format = FLIST_CHUNKS } = options
  const { idBytes, keyBytes } = format
  const codec = format.createCodec({ ...options, files: store.files })
  const table = store.known?.[format.name]
  const stats: ChunkStats = { bytes: 0, chunks: 0, uniqueChunks: 0, newChunks: 0, newBytes: 0 }
  const entries = createChunkEntries(format)
  const memories = createBatchMemories()
  const { put, mayRead } = openBatchPut(store, idBytes)
  const underWay = new Set<Promise<void>>()
  let batch: OpenBatch | undefined
  let failure: { readonly error: unknown } | undefined
  /** A file is open. */
  let busy = false

  function checkFailure(): void {
    if (failure) throw failure.error
  }

  /** Sends the batch on its way. What a store that failed may still read is not used again. */
  function sendBatch(full: OpenBatch): void {
    batch = undefined
    const task = storeBatch(full)
      .then(() => memories.give(full.memory))
      .catch((error: unknown) => {
        failure ??= { error }
        if (!mayRead(full.memory)) memories.giveLater(full.memory)
      })
      .finally(() => underWay.delete(task))
    underWay.add(task)
  }

  async function storeBatch({ memory, places, ends }: OpenBatch): Promise<void> {
    const keys = await codec.hashBatch({ memory, ends })
    const names = splitHashes(keys, keyBytes)
    const claimed = claimChunks(entries, places, names)
    stats.uniqueChunks += claimed.length
    const wanted = await settleKnown(claimed, keys, names)
    if (wanted.length === 0) return
    const encoded = await codec.encodeBatch({ memory, ends }, keys, wanted)
    for (const [i, id] of splitHashes(encoded.ids, idBytes).entries()) entries.settle(names[wanted[i] ?? 0] ?? '', id)
    for (const i of encoded.stored ?? (await put(memory, encoded))) {
      stats.newChunks++
      stats.newBytes += encodedChunk(memory, encoded.ends, i).length
    }
    knownChunks()?.remember(pairsOf(keys, wanted, encoded.ids, format))
  }

  /** What the store remembers, once there is enough to write. */
  function knownChunks(): KnownChunks | undefined {
    return table && stats.bytes >= table.worthFrom ? table : undefined
  }

  /** Of these chunks of a batch those that have to be encoded: the store does not know their ids, or lost them. */
  async function settleKnown(claimed: readonly number[], keys: Uint8Array, names: readonly string[]) {
    const ids = new Map<number, string>()
    const known = knownChunks()
    if (!known) return claimed
    for (const piece of claimed) {
      const id = known.idOf(keys, piece * keyBytes)
      if (id !== undefined) ids.set(piece, byteString(id))
    }
    if (ids.size === 0) return claimed
    const missing = await store.missing([...ids.values()].map((id) => Buffer.from(id, 'latin1')))
    const lost = new Set(missing.map(byteString))
    return claimed.filter((piece) => {
      const id = ids.get(piece)
      if (id === undefined || lost.has(id)) return true
      entries.settle(names[piece] ?? '', id)
      return false
    })
  }

  /** The batch that has room for a chunk of `length` bytes; a promise when that must be waited for. */
  function batchFor(length: number): OpenBatch | Promise<void> {
    if (batch && (batch.used + length > BATCH_BYTES || batch.ends.length === BATCH_CHUNKS)) sendBatch(batch)
    if (!batch) {
      if (underWay.size >= codec.window) return Promise.race(underWay).then(checkFailure)
      batch = { memory: memories.take(), places: [], ends: [], used: 0 }
    }
    return batch
  }

  /** Chunks of several files cannot lie between each other in the batch. */
  function checkIdle(): void {
    checkFailure()
    if (busy) throw new FlistError('invalid', 'chunk writer: the last file has not ended; end it first')
  }

  function open(size: number): ChunkFileWriter {
    checkIdle()
    busy = true
    const file: FileEntries = { list: new Uint8Array(format.entryBytes), chunks: 0 }
    let written = 0
    /** Bytes of the chunk under way that are in the batch, and its bytes when it is complete. */
    let pending = 0
    let length = 0

    const wrongSize = (actual: string) =>
      new FlistError('invalid', `file of ${size} bytes: ${actual} arrived; its source changed or is damaged`)

    function write(bytes: Uint8Array): void | Promise<void> {
      checkFailure()
      if (written + bytes.length > size) throw wrongSize('more')
      const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      for (let at = 0; at < bytes.length; ) {
        if (pending === 0) length = Math.min(CHUNK_SIZE, size - written)
        const target = pending === 0 ? batchFor(length) : (batch as OpenBatch)
        if (target instanceof Promise) {
          const later = bytes.subarray(at)
          return target.then(() => write(later))
        }
        const count = Math.min(bytes.length - at, length - pending)
        // To memory that threads share Node copies a part of a buffer four times as fast as all of it.
        target.memory.plain[target.used] = source[at] ?? 0
        source.copy(target.memory.plain, target.used + 1, at + 1, at + count)
        target.used += count
        pending += count
        written += count
        stats.bytes += count
        at += count
        if (pending === length) {
          target.places.push(entries.add(file))
          target.ends.push(target.used)
          stats.chunks++
          pending = 0
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
    if (batch) sendBatch(batch)
    await Promise.all(underWay)
    checkFailure()
  }

  async function rest(): Promise<void> {
    await flush()
    await codec.rest()
  }

  async function dispose(): Promise<void> {
    await codec.close()
    failure ??= { error: new FlistError('codec-failed', 'chunk writer: it was closed; open a new one') }
    if (batch) memories.give(batch.memory)
    batch = undefined
    memories.end()
  }

  return { expect: codec.expect, open, flush, rest, stats, [Symbol.asyncDispose]: dispose }
}
