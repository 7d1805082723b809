import { setImmediate } from 'node:timers/promises'
import { FLIST_CHUNKS } from '../codec/chunk-format.ts'
import { createArchive } from '../format/archive-writer.ts'
import { createDatabase, type DatabaseWriter } from '../format/database-writer.ts'
import { encodeDirectory } from '../format/directory-record.ts'
import { createMessage } from '../format/message-writer.ts'
import { encodeMetadata, type FlistMetadata } from '../format/metadata.ts'
import { type ChunkList, type DirectoryNode, walkParts } from '../tree.ts'
import { createTreeSummariser, type TreeSummary } from '../tree-summary.ts'
import { buildDirectory, createAclTable, createKeyTable } from './directory-builder.ts'
import { createRecordWriter } from './record-writer.ts'
import { checkTree } from './tree-rules.ts'
import { type WholeFile, type WholeFileOptions, writeWhole } from './whole-file.ts'

/** What is known of a flist before it is packed. */
export type FlistDraft = TreeSummary & {
  /** Paths of the directories whose record is over 4 MiB: no zflist can rewrite a flist that has one */
  readonly oversizedDirectories: readonly string[]
}

/** What was written. */
export type FlistSummary = WholeFile<FlistDraft>

export type WriteFlistOptions = WholeFileOptions<FlistDraft>

/** The reference's buffer for one record, in bytes; it writes nothing, and says nothing, for a directory over it. */
export const REFERENCE_RECORD_BYTES = 4 * 1024 * 1024

/** Directories, or parts of many, between two turns of the event loop. */
const BATCH = 100

/** Metadata, or what makes it from the summary of the tree it is for. */
export type MetadataSource = FlistMetadata | ((tree: TreeSummary) => FlistMetadata)

/**
 * Writes a flist: same tree and metadata, same bytes. `output` appears complete or not at all; what was there before
 * stays until then. Times are clamped to 1970 … 2106; nanoseconds, xattrs and hard links are lost (see `hashTree` for
 * what is kept).
 *
 * Throws `invalid` for a tree or metadata that a flist cannot hold, `too-large` for a record over 256 MiB, `io`,
 * the signal's reason, and what `accept` throws.
 */
export async function writeFlist(
  root: DirectoryNode<ChunkList>,
  metadata: MetadataSource,
  output: string,
  options: WriteFlistOptions = {},
): Promise<FlistSummary> {
  checkTree(root, FLIST_CHUNKS)
  const archive = createArchive()
  const database = createDatabase(archive)
  const draft = await writeDirectories(root, database, archive.room, options.signal)
  const rows = encodeMetadata(typeof metadata === 'function' ? metadata(draft) : metadata)
  for (const [key, text] of rows) database.addMetadata(key, text)
  const firstPage = database.finish()
  const write = async (file: string) => ({ draft, complete: () => archive.write(file, firstPage, options.signal) })
  return writeWhole(output, write, options)
}

/** Writes all records, with pauses until there is `room`, and tells what the tree holds on the way. */
async function writeDirectories(
  root: DirectoryNode<ChunkList>,
  database: DatabaseWriter,
  room: () => Promise<void>,
  signal?: AbortSignal,
): Promise<FlistDraft> {
  const acls = createAclTable()
  const tables = { acls: acls.keyOf, keys: createKeyTable() }
  // The first row must not be a directory below the root (see createDatabase).
  acls.keyOf(root)
  const [first] = acls.all()
  if (first) database.addEntry(first.key, first.record)
  const message = createMessage()
  const summary = createTreeSummariser(FLIST_CHUNKS, root.keptRecord?.records.chunkCount)
  const oversizedDirectories: string[] = []
  let written = 0
  const rest = async () => {
    if (++written % BATCH === 0) await setImmediate()
    await room()
    signal?.throwIfAborted()
  }
  const records = createRecordWriter(database, rest)
  for (const { path, node, kept } of walkParts(root)) {
    if (kept) {
      summary.addKept(path, node, kept)
      for (const owner of kept.owners()) acls.add(owner)
      await records.addKept(kept.records)
      continue
    }
    summary.add(path, node)
    if (node.type !== 'directory') continue
    const record = encodeDirectory(buildDirectory(path, node, tables), message)
    if (record.length > REFERENCE_RECORD_BYTES) oversizedDirectories.push(path)
    await records.add(tables.keys(path), record, node.keptRecord)
  }
  await records.end()
  for (const { key, record } of acls.all()) if (key !== first?.key) database.addEntry(key, record)
  return { ...summary.finish(), oversizedDirectories }
}
