import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { HASH_BYTES } from '../codec/chunk-codec.ts'
import { FlistError } from '../errors.ts'
import { formatChunkId, type StoredChunk } from './chunk-store.ts'

/** Ids of this length, those of `.fl` files, are file names as a whole. */
const WHOLE_NAME_BYTES = 32

/**
 * Chunks as files of a directory: `<first two digits of the id>/<the others>`, for the ids of `.fl` files
 * `<first two digits>/<all digits>`, where rfs looks for them. Any number of threads and processes may share it.
 */
export type ChunkFiles = {
  pathOf(id: Uint8Array): string
  /** An empty file is no chunk but what a power cut can leave of one. @throws FlistError `store-failed` */
  has(id: Uint8Array): boolean
  /** The file appears whole or not at all. @throws FlistError `store-failed`, `store-full` */
  write(chunk: StoredChunk): void
  /**
   * Gives a function that writes a chunk unless it is there, and says whether it did. It looks for nothing in a folder that it made for
   * another one: a chunk comes to it once, and what others write there meanwhile is the same.
   * @throws FlistError as `has` and `write`, when that function is called
   */
  openAbsentWrite(): (chunk: StoredChunk) => boolean
}

/** The chunk files in `root`. They are handled synchronously: each is small, and waiting costs more than the work. */
export function openChunkFiles(root: string): ChunkFiles {
  // Names of temporary files: nobody else has this part, and random bytes for each file would cost as much as its rename.
  const own = randomBytes(8).toString('hex')
  let files = 0
  // Joined once: for each chunk it would take as long as looking for it.
  const folder = join(root, '/')
  const pathOf = (id: Uint8Array) => {
    const name = formatChunkId(id)
    return `${folder}${name.slice(0, 2)}/${id.length === WHOLE_NAME_BYTES ? name : name.slice(2)}`
  }
  const pathBytesOf = createPathBytes(folder)

  function has(id: Uint8Array): boolean {
    try {
      return (statSync(pathBytesOf(id), { throwIfNoEntry: false })?.size ?? 0) > 0
    } catch (error) {
      throw storeError(root, `cannot look for chunk "${formatChunkId(id)}"`, error)
    }
  }

  /** Says whether its folder had to be made. */
  function store({ id, data }: StoredChunk): boolean {
    const path = pathOf(id)
    const temporary = `${path}.${own}-${files++}`
    try {
      const isMade = writeNew(temporary, data)
      renameSync(temporary, path)
      return isMade
    } catch (error) {
      try {
        rmSync(temporary, { force: true })
      } catch {
        // Where it could not be made it cannot be removed; the first error is the one to know.
      }
      throw storeError(root, `cannot store chunk "${formatChunkId(id)}"`, error)
    }
  }

  function openAbsentWrite() {
    /** First bytes of ids. To look for a chunk takes as long as to rename its file. */
    const made = new Set<number | undefined>()
    return (chunk: StoredChunk) => {
      const [first] = chunk.id
      if (!made.has(first) && has(chunk.id)) return false
      if (store(chunk)) made.add(first)
      return true
    }
  }

  return { pathOf, has, write: (chunk) => void store(chunk), openAbsentWrite }
}

/** Gives what `pathOf` does as bytes, which hold until the next call: chunks are looked for in a fifth less time. */
function createPathBytes(folder: string): (id: Uint8Array) => Buffer {
  const start = Buffer.byteLength(folder)
  const memory = Buffer.from(`${folder}00/${'0'.repeat(2 * WHOLE_NAME_BYTES)}`)
  const short = memory.subarray(0, start + 3 + 2 * (HASH_BYTES - 1))
  return (id) => {
    const isWhole = id.length === WHOLE_NAME_BYTES
    writeHex(memory, id, 0, 1, start)
    writeHex(memory, id, isWhole ? 0 : 1, id.length, start + 3)
    return isWhole ? memory : short
  }
}

const DIGITS = Buffer.from('0123456789abcdef')

/** Writes the bytes of an id from the one place up to the other as digits. */
function writeHex(memory: Buffer, id: Uint8Array, from: number, to: number, start: number): void {
  let at = start
  for (let i = from; i < to; i++) {
    const byte = id[i] ?? 0
    memory[at++] = DIGITS[byte >> 4] ?? 0
    memory[at++] = DIGITS[byte & 0xf] ?? 0
  }
}

/** Writes a file in a directory that may have to be made first; says whether it was. */
function writeNew(path: string, data: Uint8Array): boolean {
  try {
    writeFileSync(path, data, { flag: 'wx' })
    return false
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    const first = mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, data, { flag: 'wx' })
    return first !== undefined
  }
}

/** The code of an error of the file system. */
export function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

/** What went wrong in the chunk directory `root`. */
export function storeError(root: string, what: string, cause: unknown): FlistError {
  const code = errorCode(cause)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const remedy = 'no space left; free some, or use another directory'
    return new FlistError('store-full', `${root}: ${what}: ${remedy}`, { cause })
  }
  const reason = code ?? String(cause)
  return new FlistError('store-failed', `${root}: ${what} (${reason}); check the directory and its permissions`, {
    cause,
  })
}
