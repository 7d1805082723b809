import { FlistError } from '../errors.ts'
import { checkInodes } from '../fl/check-inodes.ts'
import { createTreeSummariser, type TreeSummary } from '../tree-summary.ts'
import { type ChunkIndex, checkChunks, createChunkTable } from './check-chunks.ts'
import { checkRecords } from './check-records.ts'
import { isDeviceNumber } from './flist-node.ts'
import type { Flist } from './open-flist.ts'
import { createProblemList, type FlistProblem } from './problem-list.ts'

/** What a check found. */
export type FlistReport = {
  /** No problem at all */
  readonly ok: boolean
  /** The first 1000 */
  readonly problems: readonly FlistProblem[]
  /** How many more there are */
  readonly omittedProblems: number
  /** Different chunks that are not in the store; 0 when no store was asked */
  readonly missingChunks: number
  /** Special files that are surely devices of the reference, whose kind it lost (see `FlistSpecial`); no problem */
  readonly lostDevices: number
  /** What the flist holds; only when its records are sound */
  readonly summary?: TreeSummary
}

/**
 * Checks a whole flist and reports everything that is wrong: every record is there once, in its place and within the
 * format; ACLs, names, sizes and metadata hold; every chunk is in the `store` (left out without one); with `contents`
 * every chunk is also read, decoded and compared with its key and size. Fetches each different chunk once.
 *
 * Throws only what the store throws, apart from `chunk-missing` and `chunk-corrupt`, and the signal's reason.
 */
export async function checkFlist(
  flist: Flist,
  store?: ChunkIndex,
  options: { readonly contents?: boolean; readonly signal?: AbortSignal } = {},
): Promise<FlistReport> {
  const { contents = false, signal } = options
  const found = createProblemList()
  const chunks = createChunkTable(flist.chunkFormat)
  checkMetadata(flist, found.add)
  const { database } = flist
  if (database.format === 'fl') await checkInodes(database, chunks, found, signal)
  else await checkRecords(database, chunks, found, signal)
  const described = found.problems.some(({ code }) => code !== 'metadata') ? undefined : describe(flist)
  const missingChunks = store ? await checkChunks(chunks, store, found, { contents, ...(signal && { signal }) }) : 0
  return {
    ok: found.problems.length === 0,
    problems: found.problems,
    omittedProblems: found.omitted,
    missingChunks,
    lostDevices: described?.lostDevices ?? 0,
    ...(described && { summary: described.summary }),
  }
}

function checkMetadata(flist: Flist, add: (code: 'metadata', path: string, message: string) => void): void {
  try {
    void flist.metadata
  } catch (error) {
    if (!(error instanceof FlistError)) throw error
    add('metadata', '', error.message)
  }
}

function describe(flist: Flist): { summary: TreeSummary; lostDevices: number } {
  const summary = createTreeSummariser(flist.chunkFormat)
  let lostDevices = 0
  for (const { path, node } of flist.walk()) {
    summary.add(path, node)
    if (node.type === 'socket' && isDeviceNumber(node.data)) lostDevices++
  }
  return { summary: summary.finish(), lostDevices }
}
