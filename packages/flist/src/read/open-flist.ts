import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChunkFormat, FL_CHUNKS, FLIST_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { type FlDatabase, openFlDatabase } from '../fl/fl-database-reader.ts'
import { createFlRecords } from '../fl/fl-records.ts'
import { unpackDatabase } from '../format/archive-reader.ts'
import { SQLITE_MAGIC } from '../format/database-header.ts'
import { type FlistDatabase, openDatabase } from '../format/database-reader.ts'
import { decodeMetadata, type FlistMetadata } from '../format/metadata.ts'
import type { ChunkList, DirectoryNode } from '../tree.ts'
import { createDirectoryRecords } from './directory-records.ts'
import { createDirectoryReader, type DirectoryReader, walkDirectories } from './directory-walk.ts'
import { detach, type FlistDirectory, type FlistEntry, type FlistNode } from './flist-node.ts'

/** An open flist. Its records are read when they are asked for; every method throws `FlistError` on damage. */
export type Flist = {
  /** The file it was opened from */
  readonly path: string
  /** How its chunks are stored: what `readFile` needs */
  readonly chunkFormat: ChunkFormat
  /** The metadata with its JSON read; throws `corrupt` when a row is not what its key asks for */
  readonly metadata: FlistMetadata
  /** The records themselves, for who looks under the tree; its `format` says which they are */
  readonly database: FlistDatabase | FlDatabase
  root(): FlistDirectory
  /** The object at a path (byte string, no leading slash, root `''`); no symlink is followed on the way. */
  lookup(path: string): FlistNode | undefined
  /** The entries of a directory, sorted by bytes. */
  list(directory: FlistDirectory): FlistEntry[]
  /** Everything, the root first with the path `''`: parents before children, siblings by bytes. */
  walk(): Generator<FlistEntry>
  /** The whole tree in memory. A device the reference wrote is a socket with major and minor (see `FlistSpecial`). */
  readTree(): DirectoryNode<ChunkList>
  close(): void
  [Symbol.dispose](): void
}

/** The default limit for the database of a flist: some three million files. */
const MAX_DATABASE_BYTES = 1024 ** 3

/**
 * Opens a flist file of either format, whatever it is called, and checks its container: of a 0-flist gzip checksum and
 * tar; database structure; root directory. The records are checked when they are read, all of them by `checkFlist`. The
 * unpacked database of a 0-flist lies in a file without a name in `temporaryDirectory` (the system's by default), which
 * goes when the flist is closed or the process ends. A `.fl` is read where it lies and must not be changed meanwhile.
 *
 * Throws `not-a-flist`, `corrupt`, `too-large` (a database over `maxDatabaseBytes`, 1 GiB by default), `io`
 * and the signal's reason.
 */
export async function openFlist(
  path: string,
  options: {
    readonly maxDatabaseBytes?: number
    readonly temporaryDirectory?: string
    readonly signal?: AbortSignal
  } = {},
): Promise<Flist> {
  const { maxDatabaseBytes = MAX_DATABASE_BYTES, temporaryDirectory = tmpdir(), signal } = options
  if (await isFlFile(path, maxDatabaseBytes)) return createFlist(path, await openFlDatabase(path, path))
  const directory = await makeDirectory(temporaryDirectory)
  try {
    const file = join(directory, 'flistdb.sqlite3')
    await unpackDatabase(path, file, maxDatabaseBytes, signal)
    return createFlist(path, await openDatabase(file, path))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Whether a file is a bare database, as a `.fl` is. Throws `too-large` for one over the limit. */
async function isFlFile(path: string, maxBytes: number): Promise<boolean> {
  try {
    await using handle = await open(path, 'r')
    const { buffer } = await handle.read(Buffer.alloc(SQLITE_MAGIC.length), 0, SQLITE_MAGIC.length, 0)
    if (!buffer.equals(SQLITE_MAGIC)) return false
    const { size } = await handle.stat()
    if (size <= maxBytes) return true
    throw new FlistError(
      'too-large',
      `${path}: has ${size} bytes, over ${maxBytes}; raise the limit if the flist can be trusted`,
    )
  } catch (cause) {
    if (cause instanceof FlistError) throw cause
    throw new FlistError('io', `${path}: cannot be read (${String(cause)})`, { cause })
  }
}

async function makeDirectory(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, 'flist-'))
  } catch (cause) {
    throw new FlistError('io', `${parent}: holds no temporary files (${String(cause)}); give another directory`, {
      cause,
    })
  }
}

function createFlist(path: string, database: FlistDatabase | FlDatabase): Flist {
  try {
    const isFl = database.format === 'fl'
    const records = isFl ? createFlRecords(database, path) : createDirectoryRecords(database, path)
    const reader = createDirectoryReader(records, path)
    const root = reader.root()
    return {
      path,
      database,
      chunkFormat: isFl ? FL_CHUNKS : FLIST_CHUNKS,
      get metadata() {
        return decodeMetadata(database.metadataRows(), path)
      },
      root: () => root,
      list: reader.list,
      lookup: (wanted) => lookup(reader, root, wanted),
      walk: () => walkDirectories(reader, root, path),
      readTree: () => readTree(root, walkDirectories(reader, root, path)),
      close: database.close,
      [Symbol.dispose]: database.close,
    }
  } catch (error) {
    database.close()
    throw error
  }
}

function lookup(reader: DirectoryReader, root: FlistDirectory, path: string): FlistNode | undefined {
  if (path === '') return root
  let node: FlistNode | undefined = root
  for (const name of path.split('/')) {
    if (node?.type !== 'directory') return undefined
    node = reader.list(node).find((entry) => entry.name === name)?.node
  }
  return node
}

function readTree(root: FlistDirectory, entries: Iterable<FlistEntry>): DirectoryNode<ChunkList> {
  const tree = emptyDirectory(root)
  const directories = new Map([['', tree]])
  for (const { path, name, node } of entries) {
    if (path === '') continue
    const copy = node.type === 'directory' ? emptyDirectory(node) : detach(node)
    if (copy.type === 'directory') directories.set(path, copy)
    directories.get(path.slice(0, Math.max(path.lastIndexOf('/'), 0)))?.children.set(name, copy)
  }
  return tree
}

function emptyDirectory({ mode, uid, gid, mtime }: FlistDirectory): DirectoryNode<ChunkList> {
  return { type: 'directory', mode, uid, gid, mtime, children: new Map() }
}
