import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { incomingPath, type Storage } from './storage.ts'

/** Hex digits per folder level: keys have up to 255 bytes, file names up to 255 bytes. */
const LEVEL = 200

/** Chunks by key, one file each. Written in one step, so a reader or a kill never meets half a chunk. */
export type ChunkFolder = {
  has(key: Uint8Array): Promise<boolean>
  get(key: Uint8Array): Promise<Buffer | undefined>
  /** Answers false when exactly this value was there already. */
  set(key: Uint8Array, value: Uint8Array): Promise<boolean>
}

/**
 * Opens the chunks of a storage. Gateway, backend and the check of an upload share one folder.
 *
 * Files are handled synchronously: they are small and many, and a way through the thread pool takes longer than the work
 * itself. A server answers its requests one by one anyway.
 */
export function openChunkFolder(storage: Storage): ChunkFolder {
  const pathOf = (key: Uint8Array): string => join(storage.chunks, ...chunkPath(key))

  const has = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined
  const read = (path: string): Buffer | undefined => (has(path) ? readFileSync(path) : undefined)
  return {
    get: async (key) => read(pathOf(key)),
    has: async (key) => has(pathOf(key)),
    async set(key, value) {
      const file = pathOf(key)
      if (read(file)?.equals(value)) return false
      const written = incomingPath(storage)
      writeFileSync(written, value)
      if (!has(dirname(file))) mkdirSync(dirname(file), { recursive: true })
      renameSync(written, file)
      return true
    },
  }
}

const unreachable = (): never => {
  throw new Error('the chunk backend can not be reached')
}

/** What a hub has whose backend is down. */
export const unreachableChunks: ChunkFolder = {
  has: async () => unreachable(),
  get: async () => unreachable(),
  set: async () => unreachable(),
}

/**
 * `ab/cdef…`, as any directory of chunks has it, so that one can be read without the twin. Longer keys continue in folders
 * whose names end in `+`, which no file's name does; a key of one byte has nothing left for the file's name.
 */
function chunkPath(key: Uint8Array): string[] {
  const hex = Buffer.from(key).toString('hex')
  const levels = hex.slice(2).match(new RegExp(`.{1,${LEVEL}}`, 'g')) ?? ['_']
  return [hex.slice(0, 2), ...levels.slice(0, -1).map((level) => `${level}+`), ...levels.slice(-1)]
}
