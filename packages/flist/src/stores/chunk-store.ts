import type { CodecKind } from '../codec/codec-kind.ts'
import type { KnownChunks } from './known-chunks.ts'

/** A chunk as a store keeps it: `id` is the BLAKE2b of `data`, of 16 bytes, or 32 for the chunks of `.fl` files. */
export type StoredChunk = { readonly id: Uint8Array; readonly data: Uint8Array }

/**
 * Where the chunks of flists lie, by id. A store is open from `openChunkStore` to `close`; what fails in it is a
 * FlistError `store-failed`, or `store-full`, or the reason of the signal it was opened with.
 */
export interface ChunkStore {
  /** Those of `ids` the store does not have, in their order. */
  missing(ids: readonly Uint8Array[]): Promise<Uint8Array[]>
  /**
   * The stored bytes, proven by `id`.
   * @throws FlistError `chunk-missing`, `chunk-corrupt`, and `not-supported` where a store can only be written
   */
  get(id: Uint8Array): Promise<Uint8Array>
  /**
   * Stores chunks, those that are there already too. Takes the next from `chunks` only when a bounded number waits to be
   * written; resolves when all are stored. What was stored before a failure stays.
   */
  put(chunks: Iterable<StoredChunk> | AsyncIterable<StoredChunk>): Promise<void>
  /**
   * Where it takes less than `missing` and `put`: gives a function that stores those chunks that are not there, and gives their places
   * in the array. Its memory may be used for something else when it has failed. A chunk comes to one such function once: one that comes
   * again may be stored, and counted, again.
   */
  openMissingPut?(): (chunks: readonly StoredChunk[]) => Promise<readonly number[]>
  /** Where the store remembers which ids chunks of a format had; see there. */
  readonly known?: Readonly<Record<CodecKind, KnownChunks>>
  /** The directory, where chunks may be stored past this object, as `openChunkFiles` does. */
  readonly files?: string
  /** Ends the use of the store, at once. */
  close(): Promise<void>
}

/** How an id is shown and used in names: hexadecimal digits. */
export function formatChunkId(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex')
}
