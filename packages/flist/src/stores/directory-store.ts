import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { blake2b } from '../codec/blake2b.ts'
import { FlistError } from '../errors.ts'
import { errorCode, openChunkFiles, storeError } from './chunk-files.ts'
import { type ChunkStore, formatChunkId, type StoredChunk } from './chunk-store.ts'
import { openKnownChunks } from './known-chunks.ts'

/** Not the name of a chunk's directory, which has two digits. */
const KNOWN_CHUNKS = 'known-chunks'

/** Chunks handled before others get their turn. */
const TURN = 64

/**
 * Chunks as files of a directory (see `ChunkFiles`), which is created when it is not there. Chunks of both formats may lie
 * in it. Beside them lies `known-chunks` and `known-chunks-fl`, which may be deleted at any time.
 *
 * Files are handled synchronously, a few at a time: they are small and many, and a way through the thread pool costs
 * three times the processor time of the work itself (96 against 34 microseconds per file).
 * @throws FlistError `store-failed` when the directory cannot be made, or is not there and `create` is false
 */
export async function openDirectoryStore(
  root: string,
  options: { readonly signal?: AbortSignal; readonly create?: boolean } = {},
): Promise<ChunkStore> {
  const { signal, create = true } = options
  const { pathOf, has, write, openAbsentWrite } = openChunkFiles(root)

  /** Every now and then lets other work go on, such as what aborts this. */
  async function takeTurn(): Promise<void> {
    await setImmediate()
    signal?.throwIfAborted()
  }

  async function missing(ids: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const absent: Uint8Array[] = []
    for (let start = 0; start < ids.length; start += TURN) {
      await takeTurn()
      for (const id of ids.slice(start, start + TURN)) if (!has(id)) absent.push(id)
    }
    return absent
  }

  async function get(id: Uint8Array): Promise<Uint8Array> {
    signal?.throwIfAborted()
    const name = formatChunkId(id)
    const data = readChunk(id, name)
    if (Buffer.compare(blake2b(data, id.length), id) !== 0) {
      const remedy = `delete "${pathOf(id)}" and store the chunk again from its source`
      throw new FlistError('chunk-corrupt', `${root}: chunk "${name}" was changed or cut off; ${remedy}`)
    }
    return data
  }

  function readChunk(id: Uint8Array, name: string): Uint8Array {
    try {
      return readFileSync(pathOf(id))
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw storeError(root, `cannot read chunk "${name}"`, error)
      throw new FlistError('chunk-missing', `${root}: no chunk "${name}"; store it again from its source`)
    }
  }

  async function put(chunks: Iterable<StoredChunk> | AsyncIterable<StoredChunk>): Promise<void> {
    let count = 0
    for await (const chunk of chunks) {
      if (count++ % TURN === 0) await takeTurn()
      signal?.throwIfAborted()
      write(chunk)
    }
  }

  function openMissingPut() {
    const writeAbsent = openAbsentWrite()
    return async (chunks: readonly StoredChunk[]) => {
      const stored: number[] = []
      for (const [i, chunk] of chunks.entries()) {
        if (i % TURN === 0) await takeTurn()
        if (writeAbsent(chunk)) stored.push(i)
      }
      return stored
    }
  }

  if (!create && !existsSync(root)) {
    throw new FlistError('store-failed', `${root}: no such directory; give the chunk store that has the chunks`)
  }
  try {
    mkdirSync(root, { recursive: true })
  } catch (error) {
    throw storeError(root, 'cannot make the directory', error)
  }
  const known = {
    flist: openKnownChunks(join(root, KNOWN_CHUNKS)),
    fl: openKnownChunks(join(root, `${KNOWN_CHUNKS}-fl`), 'fl'),
  }
  return { missing, get, put, openMissingPut, known, files: root, close: async () => {} }
}
