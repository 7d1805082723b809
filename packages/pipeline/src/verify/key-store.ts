import { blake2b, CHUNK_SIZE, type ChunkFormat, type ChunkList, FLIST_CHUNKS } from '@tf-images/flist'
import type { ContentStore } from '@tf-images/rootfs'

export type KeyStoreOptions = {
  /** `FLIST_CHUNKS` unless told */
  readonly format?: ChunkFormat
  /** Called with the bytes read so far. */
  readonly onBytes?: (bytes: number) => void
  readonly signal?: AbortSignal
}

/**
 * A content store that stores nothing: of each chunk it computes the key, the BLAKE2b of its plain bytes. The ids in
 * its lists are zeros. So a source can be compared with a flist without a compressor and without a chunk store.
 */
export function createKeyStore({
  format = FLIST_CHUNKS,
  onBytes,
  signal,
}: KeyStoreOptions = {}): ContentStore<ChunkList> {
  const { idBytes, keyBytes, entryBytes } = format
  const buffer = Buffer.allocUnsafe(CHUNK_SIZE)
  let bytes = 0
  return {
    open(size) {
      const list = new Uint8Array(Math.ceil(size / CHUNK_SIZE) * entryBytes)
      let chunks = 0
      let used = 0
      const addKey = () => {
        list.set(blake2b(buffer.subarray(0, used), keyBytes), chunks * entryBytes + idBytes)
        chunks += 1
        used = 0
      }
      return {
        write(part) {
          signal?.throwIfAborted()
          for (let at = 0; at < part.length; ) {
            const piece = part.subarray(at, at + CHUNK_SIZE - used)
            buffer.set(piece, used)
            used += piece.length
            at += piece.length
            if (used === CHUNK_SIZE) addKey()
          }
          bytes += part.length
          onBytes?.(bytes)
        },
        end() {
          if (used > 0) addKey()
          return list
        },
      }
    },
  }
}
