import { CHUNK_SIZE } from '../src/codec/chunk.ts'
import { type ChunkFormat, FLIST_CHUNKS } from '../src/codec/chunk-format.ts'
import { FlistError } from '../src/errors.ts'
import type { ChunkIndex } from '../src/read/check-chunks.ts'
import type { ChunkList, FileNode } from '../src/tree.ts'
import { file } from './trees.ts'

/** Chunks in memory, for tests of what reads them. */
export type ChunkMemory = ChunkIndex & {
  readonly chunks: Map<string, Uint8Array>
  /** Stores the chunks of a content and gives the file node for it. */
  store(content: Uint8Array | string, details?: Parameters<typeof file>[2]): FileNode<ChunkList>
}

/** An empty memory. */
export function createChunkMemory(format: ChunkFormat = FLIST_CHUNKS): ChunkMemory {
  const chunks = new Map<string, Uint8Array>()
  const nameOf = (id: Uint8Array) => Buffer.from(id).toString('hex')
  return {
    chunks,
    store(content, details) {
      const plain = Buffer.from(content)
      const list: Uint8Array[] = []
      for (let at = 0; at < plain.length; at += CHUNK_SIZE) {
        const { id, key, data } = format.encode(plain.subarray(at, at + CHUNK_SIZE))
        chunks.set(nameOf(id), data)
        list.push(id, key)
      }
      return file(plain.length, new Uint8Array(Buffer.concat(list)), details)
    },
    async get(id) {
      const data = chunks.get(nameOf(id))
      if (data === undefined)
        throw new FlistError('chunk-missing', `memory: has no chunk ${nameOf(id)}; store it first`)
      return data
    },
    missing: async (ids) => ids.filter((id) => !chunks.has(nameOf(id))),
  }
}
