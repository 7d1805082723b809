import { setImmediate } from 'node:timers/promises'
import { CHUNK_SIZE } from '../codec/chunk.ts'
import { FL_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { isPathText, MAX_PATH_BYTES, nameProblem, quotePath } from '../format/names.ts'
import type { ChunkTable } from '../read/check-chunks.ts'
import type { ProblemList } from '../read/problem-list.ts'
import { joinPath } from '../tree.ts'
import type { FlDatabase } from './fl-database-reader.ts'
import { type FlInode, inodeType, ROOT_INO } from './fl-inode.ts'
import { firstGap, routeProblems } from './fl-route.ts'

type Visit = { readonly path: string; readonly ino: number }

/** Rows that paths lead to; those left over hang in the air. */
type Reached = { inodes: number; extras: number; blocks: number }

/** Directories between two turns of the event loop. */
const BATCH = 100

/**
 * Checks every inode of a `.fl` and notes the chunks of its files. Unlike reading, it goes on after a problem: only what
 * cannot be read is left out.
 */
export async function checkInodes(
  database: FlDatabase,
  chunks: ChunkTable,
  problems: ProblemList,
  signal?: AbortSignal,
): Promise<void> {
  const reached: Reached = { inodes: 1, extras: 0, blocks: 0 }
  const stack: Visit[] = [{ path: '', ino: ROOT_INO }]
  const seen = new Set<number>([ROOT_INO])
  for (let visit = stack.pop(), turn = 1; visit !== undefined; visit = stack.pop(), turn++) {
    const { path } = visit
    const names = new Set<string>()
    for (const inode of readChildren(database, visit, problems)) {
      const child = joinPath(path, inode.name)
      if (seen.has(inode.ino)) {
        problems.add('record', child, `${quotePath(child)}: its inode is in two places`)
        continue
      }
      seen.add(inode.ino)
      const problem = names.has(inode.name) ? 'is there twice' : nameProblem(inode.name)
      if (problem !== undefined) problems.add('name', child, `${quotePath(child)} ${problem}`)
      names.add(inode.name)
      checkInode(inode, child, database, { chunks, problems, reached })
      if (inodeType(inode) === 'directory' && child.length <= MAX_PATH_BYTES)
        stack.push({ path: child, ino: inode.ino })
    }
    if (turn % BATCH === 0) await setImmediate()
    signal?.throwIfAborted()
  }
  checkRows(database, reached, problems)
}

function readChildren(database: FlDatabase, { path, ino }: Visit, problems: ProblemList): FlInode[] {
  return attempt(path, problems, () => [...database.children(ino)]) ?? []
}

function attempt<T>(path: string, problems: ProblemList, action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof FlistError)) throw error
    problems.add('record', path, path === '' ? error.message : `${quotePath(path)}: ${error.message}`)
    return undefined
  }
}

function checkInode(
  inode: FlInode,
  path: string,
  database: FlDatabase,
  { chunks, problems, reached }: { chunks: ChunkTable; problems: ProblemList; reached: Reached },
): void {
  const wrong = (what: string) => problems.add('entry', path, `${quotePath(path)} ${what}`)
  reached.inodes++
  if (path.length > MAX_PATH_BYTES) wrong(`is a path over ${MAX_PATH_BYTES} bytes`)
  const type = inodeType(inode)
  if (type === undefined) wrong(`has the mode 0${inode.mode.toString(8)}, which is no kind of file`)
  if (inode.data !== undefined) reached.extras++
  if (type === 'symlink') {
    const { data = '', size } = inode
    if (data === '' || !isPathText(data)) wrong('has a link target that is empty or no path')
    if (size !== data.length) wrong(`has the size ${size} and a link target of ${data.length} bytes`)
  } else if (inode.data !== undefined) wrong('has a link target and is no link')
  if (type !== 'file') return
  const content = attempt(path, problems, () => database.content(inode.ino))
  if (content === undefined) return
  const held = content.length / FL_CHUNKS.entryBytes
  const needed = Math.ceil(inode.size / CHUNK_SIZE)
  reached.blocks += held
  if (held !== needed) wrong(`has ${inode.size} bytes, which is ${needed} chunks, and ${held} chunks`)
  else if (!chunks.add(path, inode.size, content)) wrong('gives a chunk another size than another file')
}

/** The rows as a whole: what hangs in the air, and where the chunks are. */
function checkRows(database: FlDatabase, reached: Reached, problems: ProblemList): void {
  const wrong = (what: string) => problems.add('record', '', what)
  attempt('', problems, () => {
    const counts = database.counts()
    if (!counts.indexed) wrong('an index of the database has other rows than its table')
    if (counts.inodes > reached.inodes) wrong(`no path leads to ${counts.inodes - reached.inodes} of the inodes`)
    if (counts.extras > reached.extras) wrong(`${counts.extras - reached.extras} link targets belong to no link`)
    if (counts.blocks > reached.blocks) wrong(`${counts.blocks - reached.blocks} chunks belong to no file`)
  })
  attempt('', problems, () => {
    const routes = database.routes()
    for (const route of routes) for (const problem of routeProblems(route)) wrong(problem)
    const gap = firstGap(routes)
    if (reached.blocks > 0 && gap !== undefined) wrong(`no route leads to chunks whose id begins with byte ${gap}`)
  })
}
