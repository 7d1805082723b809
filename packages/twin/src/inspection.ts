import type { ChunkFolder } from './chunk-folder.ts'
import { type Json, pythonJson } from './python-json.ts'

/** One entry of a flist, the root left out. */
export type FlistEntry = {
  /** A byte string (one char per byte), relative, without a leading slash. */
  readonly path: string
  readonly type: 'regular' | 'symlink' | 'directory' | 'special'
  /** Bytes, as the flist's inode says. */
  readonly size: number
  /** The 16-byte ids of a regular file's chunks, in order; empty for everything else. */
  readonly chunkIds: readonly Uint8Array[]
  /** Permissions and setuid, setgid and sticky bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since epoch. */
  readonly mtime: number
  /** Of a symlink: what it says, a byte string. Of a special file: what it is, `character 1,3`. */
  readonly target?: string
}

/** An open flist: its entries, read once and in any order that suits the reader. */
export type FlistContents = {
  readonly entries: Iterable<FlistEntry> | AsyncIterable<FlistEntry>
  /** The rows of its metadata, those read that are JSON. */
  readonly metadata: Readonly<Record<string, Json>>
  /** The entry at a path, the root at `''`; undefined when there is none. */
  find(path: string): FlistEntry | undefined
  /** The entries of a directory that {@link find} found, in the flist's order. */
  list(path: string): Iterable<FlistEntry>
  close?(): void | Promise<void>
}

/**
 * Opens a flist file. It rejects, or its entries throw, when the file is not a readable flist. The twin gets this from
 * outside because it knows the hub and not the format.
 */
export type InspectFlist = (path: string) => Promise<FlistContents>

/** The counters of the reference's `find` and `check`; `failure` counts files with a missing chunk. */
export type FlistCounters = {
  readonly regular: number
  readonly symlink: number
  readonly directory: number
  readonly special: number
  readonly failure: number
  /** Bytes in all regular files. */
  readonly fullsize: number
}

/** How many chunks are looked for at the same time. */
const LOOKUPS = 32
/** The reference's buffer for a path in JSON holds this many bytes. */
const LONGEST_PATH = 2047

/**
 * Walks a flist and counts; with `chunks`, the presence of every chunk is checked (never its content, as in the hub).
 * Rejects as `inspect` does, so it also tells whether the flist can be read to its end.
 */
export async function countFlist(
  inspect: InspectFlist,
  path: string,
  chunks: ChunkFolder | undefined,
  signal: AbortSignal,
): Promise<FlistCounters> {
  const counters = { regular: 0, symlink: 0, directory: 0, special: 0, failure: 0, fullsize: 0 }
  for await (const entry of entriesOf(inspect, path, signal)) {
    counters[entry.type]++
    if (entry.type !== 'regular') continue
    counters.fullsize += entry.size
    if (chunks && !(await allPresent(chunks, entry.chunkIds))) counters.failure++
  }
  return counters
}

/** `{"content": [{"size", "path"}…], counters…}` as the reference's `find` prints it, in pieces. */
export async function* flistListing(
  inspect: InspectFlist,
  path: string,
  counters: FlistCounters,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let separator = ''
  yield '{"content": ['
  for await (const entry of entriesOf(inspect, path, signal)) {
    const shown = shownPath(entry.path)
    yield separator + pythonJson({ size: entry.size, ...(shown === undefined ? {} : { path: shown }) })
    separator = ', '
  }
  yield `], ${pythonJson(counters).slice(1)}`
}

/** The metadata rows of a flist. Rejects as `inspect` does. */
export async function flistMetadata(inspect: InspectFlist, path: string): Promise<Readonly<Record<string, Json>>> {
  const contents = await inspect(path)
  try {
    return contents.metadata
  } finally {
    await contents.close?.()
  }
}

async function* entriesOf(inspect: InspectFlist, path: string, signal: AbortSignal): AsyncGenerator<FlistEntry> {
  const contents = await inspect(path)
  try {
    for await (const entry of contents.entries) {
      signal.throwIfAborted()
      yield entry
    }
  } finally {
    await contents.close?.()
  }
}

async function allPresent(chunks: ChunkFolder, ids: readonly Uint8Array[]): Promise<boolean> {
  for (let at = 0; at < ids.length; at += LOOKUPS) {
    const found = await Promise.all(ids.slice(at, at + LOOKUPS).map((id) => chunks.has(id)))
    if (found.includes(false)) return false
  }
  return true
}

/** Paths start with a slash and are cut at the buffer's end; one that is not UTF-8 has no `path` in the answer. */
function shownPath(path: string): string | undefined {
  try {
    const bytes = Buffer.from(`/${path}`, 'latin1').subarray(0, LONGEST_PATH)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
