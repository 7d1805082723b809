import { setImmediate } from 'node:timers/promises'
import { FL_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { encodeMetadata } from '../format/metadata.ts'
import { type ChunkList, type DirectoryNode, walkNodes } from '../tree.ts'
import type { TreeSummary } from '../tree-summary.ts'
import { summariseTree } from '../write/tree-rules.ts'
import { type WholeFile, type WholeFileOptions, writeWhole } from '../write/whole-file.ts'
import type { MetadataSource } from '../write/write-flist.ts'
import { createFlDatabase, type FlDatabaseWriter } from './fl-database-writer.ts'
import { createInode } from './fl-inode.ts'
import { checkRoutes, type FlRoute } from './fl-route.ts'

/** What was written. */
export type FlSummary = WholeFile<TreeSummary>

/** What a `.fl` says beside the tree. */
export type FlDetails = {
  /** Where readers find the chunks; together for every id */
  readonly routes: readonly FlRoute[]
  /** Become tags of the same keys; a backend is a route here */
  readonly metadata?: MetadataSource
}

export type WriteFlOptions = WholeFileOptions<TreeSummary>

/** Inodes written between two turns of the event loop. */
const BATCH = 1000

/**
 * Writes a `.fl` file, the format of rfs, from a tree whose files have chunks of `FL_CHUNKS`: same tree, routes and
 * metadata, same bytes. `output` appears complete or not at all; what was there before stays until then. Nanoseconds,
 * xattrs and hard links are lost.
 *
 * Throws `invalid` for a tree, routes or metadata that a `.fl` cannot hold, `io`, the signal's reason, and what `accept`
 * throws.
 */
export async function writeFl(
  root: DirectoryNode<ChunkList>,
  { routes, metadata: source = {} }: FlDetails,
  output: string,
  options: WriteFlOptions = {},
): Promise<FlSummary> {
  checkRoutes(routes)
  const summary = summariseTree(root, FL_CHUNKS)
  const metadata = typeof source === 'function' ? source(summary) : source
  if (metadata.backend !== undefined) {
    throw new FlistError('invalid', `${output}: a .fl keeps no backend in its metadata; give it as a route`)
  }
  const tags = encodeMetadata(metadata)
  const write = async (file: string) => {
    const database = createFlDatabase(file)
    try {
      await writeInodes(root, database, options.signal)
      for (const [key, text] of tags) database.addTag(key, text)
      for (const route of routes) database.addRoute(route)
      await database.finish()
      return { draft: summary, complete: async () => {} }
    } finally {
      database.abandon()
    }
  }
  return writeWhole(output, write, options)
}

/** Writes every node, numbered in the order of the walk: the root is 1, parents come before children. */
async function writeInodes(
  root: DirectoryNode<ChunkList>,
  database: FlDatabaseWriter,
  signal?: AbortSignal,
): Promise<void> {
  const directories = new Map<string, number>()
  let ino = 0
  for (const { path, node } of walkNodes(root)) {
    ino++
    const slash = path.lastIndexOf('/')
    const name = path.slice(slash + 1)
    const parent = ino === 1 ? 0 : (directories.get(path.slice(0, Math.max(slash, 0))) ?? 0)
    if (node.type === 'directory') directories.set(path, ino)
    database.addInode(createInode(node, ino, parent, ino === 1 ? '/' : name))
    if (node.type === 'file') database.addContent(ino, node.content)
    if (ino % BATCH === 0) await setImmediate()
    signal?.throwIfAborted()
  }
}
