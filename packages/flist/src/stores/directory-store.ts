import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { blake2b } from '../codec/blake2b.ts'
import { FL_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { type ChunkStore, formatChunkId, type StoredChunk } from './chunk-store.ts'
import { openKnownChunks } from './known-chunks.ts'

/** Not the name of a chunk's directory, which has two digits. */
const KNOWN_CHUNKS = 'known-chunks'

/** Chunks handled before others get their turn. */
const TURN = 64

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

/**
 * Chunks as files of a directory, which is created when it is not there: `<first two digits of the id>/<the others>`,
 * for the ids of `.fl` files `<first two digits>/<all digits>`, where rfs looks for them. A file appears whole or not at
 * all, so any number of processes may share the directory, and chunks of both formats may lie in it. Beside them lies
 * `known-chunks` and `known-chunks-fl`, which may be deleted at any time.
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
  // Names of temporary files: nobody else has this part, and random bytes for each file would cost as much as its rename.
  const own = randomBytes(8).toString('hex')
  let files = 0
  // Joined once: for each chunk it would take as long as looking for it.
  const folder = join(root, '/')
  const pathOf = (id: Uint8Array) => {
    const name = formatChunkId(id)
    return `${folder}${name.slice(0, 2)}/${id.length === FL_CHUNKS.idBytes ? name : name.slice(2)}`
  }

  /** Every now and then lets other work go on, such as what aborts this. */
  async function takeTurn(count: number): Promise<void> {
    if (count % TURN === 0) await setImmediate()
    signal?.throwIfAborted()
  }

  /** An empty file is no chunk but what a power cut can leave of one. */
  function has(id: Uint8Array): boolean {
    try {
      return (statSync(pathOf(id), { throwIfNoEntry: false })?.size ?? 0) > 0
    } catch (error) {
      throw failed(root, `cannot look for chunk "${formatChunkId(id)}"`, error)
    }
  }

  async function missing(ids: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const absent: Uint8Array[] = []
    for (const [i, id] of ids.entries()) {
      await takeTurn(i)
      if (!has(id)) absent.push(id)
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
      if (codeOf(error) !== 'ENOENT') throw failed(root, `cannot read chunk "${name}"`, error)
      throw new FlistError('chunk-missing', `${root}: no chunk "${name}"; store it again from its source`)
    }
  }

  async function put(chunks: Iterable<StoredChunk> | AsyncIterable<StoredChunk>): Promise<void> {
    let count = 0
    for await (const { id, data } of chunks) {
      await takeTurn(count++)
      const path = pathOf(id)
      const temporary = `${path}.${own}-${files++}`
      try {
        writeNew(temporary, data)
        renameSync(temporary, path)
      } catch (error) {
        rmSync(temporary, { force: true })
        throw failed(root, `cannot store chunk "${formatChunkId(id)}"`, error)
      }
    }
  }

  if (!create && !existsSync(root)) {
    throw new FlistError('store-failed', `${root}: no such directory; give the chunk store that has the chunks`)
  }
  try {
    mkdirSync(root, { recursive: true })
  } catch (error) {
    throw failed(root, 'cannot make the directory', error)
  }
  const known = {
    flist: openKnownChunks(join(root, KNOWN_CHUNKS)),
    fl: openKnownChunks(join(root, `${KNOWN_CHUNKS}-fl`), 'fl'),
  }
  return { missing, get, put, known, close: async () => {} }
}

/** Writes a file in a directory that may have to be made first. */
function writeNew(path: string, data: Uint8Array): void {
  try {
    writeFileSync(path, data, { flag: 'wx' })
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, data, { flag: 'wx' })
  }
}

function failed(root: string, what: string, cause: unknown): FlistError {
  const code = codeOf(cause)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new FlistError('store-full', `${root}: ${what}: no space left; free some, or use another directory`, {
      cause,
    })
  }
  const reason = code ?? String(cause)
  return new FlistError('store-failed', `${root}: ${what} (${reason}); check the directory and its permissions`, {
    cause,
  })
}
