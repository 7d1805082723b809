import type { ChunkFormat } from './codec/chunk-format.ts'
import type { ChunkList } from './tree.ts'

/** The chunk list of a file under construction; it may be longer than it will be until the file ends. */
export type FileEntries = { list: ChunkList; chunks: number }

/** A chunk in the list of its file. */
export type Place = { readonly file: FileEntries; readonly index: number }

/** What a writer knows of chunks: the ids of those it has seen, and which entries still wait for one. */
export type ChunkEntries = {
  /** Adds an entry without contents, and gives its place. */
  add(file: FileEntries): Place
  /** Whether a chunk with this key was never seen: then `settle` must follow. */
  claim(key: string): boolean
  /** Sets the id of a claimed key, in all entries that wait for it too. */
  settle(key: string, id: string): void
  /** Fills in an entry, now or when its key is settled. */
  fill(place: Place, key: string): void
}

/** Keys and ids are byte strings: as keys of a Map they take a third of the memory and time that hexadecimal ones do. */
export function createChunkEntries({ idBytes, entryBytes }: ChunkFormat): ChunkEntries {
  /** Ids by keys; for keys that are not settled the places that wait. */
  const known = new Map<string, string | Place[]>()

  function write({ file, index }: Place, id: string, key: string): void {
    const at = index * entryBytes
    for (let i = 0; i < idBytes; i++) file.list[at + i] = id.charCodeAt(i)
    for (let i = idBytes; i < entryBytes; i++) file.list[at + i] = key.charCodeAt(i - idBytes)
  }

  return {
    add(file) {
      const needed = (file.chunks + 1) * entryBytes
      if (needed > file.list.length) {
        const grown = new Uint8Array(2 * needed)
        grown.set(file.list)
        file.list = grown
      }
      return { file, index: file.chunks++ }
    },
    claim(key) {
      if (known.has(key)) return false
      known.set(key, [])
      return true
    },
    settle(key, id) {
      const waiting = known.get(key)
      known.set(key, id)
      if (Array.isArray(waiting)) for (const place of waiting) write(place, id, key)
    },
    fill(place, key) {
      const id = known.get(key)
      if (typeof id === 'string') write(place, id, key)
      else id?.push(place)
    },
  }
}

/** Fills in the entries of a batch; gives the chunks whose keys nobody has seen before. */
export function claimChunks(entries: ChunkEntries, places: readonly Place[], keys: readonly string[]): number[] {
  const wanted: number[] = []
  for (const [i, place] of places.entries()) {
    const key = keys[i] ?? ''
    if (entries.claim(key)) wanted.push(i)
    entries.fill(place, key)
  }
  return wanted
}

/** Hashes of `size` bytes that lie one after the other, as byte strings. */
export function splitHashes(hashes: Uint8Array, size: number): string[] {
  const all = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength)
  // A slice of one string for all would keep that.
  return Array.from({ length: all.length / size }, (_, i) => all.toString('latin1', size * i, size * (i + 1)))
}
