import { setImmediate } from 'node:timers/promises'
import { CHUNK_SIZE } from '../codec/chunk.ts'
import { FlistError } from '../errors.ts'
import { aclKey } from '../format/acl.ts'
import type { FlistDatabase } from '../format/database-reader.ts'
import { directoryKey } from '../format/directory-key.ts'
import { BLOCK_SIZE, type DirectoryRecord, type InodeRecord } from '../format/directory-record.ts'
import { isPathText, MAX_PATH_BYTES, nameProblem, quotePath } from '../format/names.ts'
import { joinPath } from '../tree.ts'
import type { ChunkTable } from './check-chunks.ts'
import { isDeviceNumber } from './flist-node.ts'
import type { ProblemList } from './problem-list.ts'

/** A directory to look at: its place as its parent has it. */
type Visit = { readonly path: string; readonly key: string; readonly parent: string; readonly inode?: InodeRecord }

/** Directories between two turns of the event loop. */
const BATCH = 100

/**
 * Checks every record of a flist and notes the chunks of its files. Unlike reading, it goes on after a problem: only
 * what cannot be read is left out.
 */
export async function checkRecords(
  database: FlistDatabase,
  chunks: ChunkTable,
  problems: ProblemList,
  signal?: AbortSignal,
): Promise<void> {
  const rootKey = directoryKey('')
  const stack: Visit[] = [{ path: '', key: rootKey, parent: rootKey }]
  const seen = new Set<string>()
  const checkAcl = createAclCheck(database, problems)
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { path, key } = visit
    if (seen.has(key)) {
      problems.add('directory', path, `${quotePath(path)}: its record is another directory's too`)
      continue
    }
    seen.add(key)
    const record = readRecord(database, visit, problems)
    if (record === undefined) continue
    checkAcl(path, record.aclKey)
    checkDirectory(record, visit, problems)
    for (const inode of record.contents) {
      const child = joinPath(path, inode.name)
      checkAcl(child, inode.aclKey)
      checkInode(inode, child, chunks, problems)
      if (inode.attributes.kind === 'dir' && child.length <= MAX_PATH_BYTES) {
        stack.push({ path: child, key: inode.attributes.key, parent: key, inode })
      }
    }
    if (seen.size % BATCH === 0) await setImmediate()
    signal?.throwIfAborted()
  }
  checkRows(database, seen, problems)
}

function readRecord(database: FlistDatabase, visit: Visit, problems: ProblemList): DirectoryRecord | undefined {
  try {
    return database.directory(visit.key)
  } catch (error) {
    if (!(error instanceof FlistError)) throw error
    problems.add('record', visit.path, `${quotePath(visit.path)}: ${error.message}`)
    return undefined
  }
}

/** A check of ACL keys, each looked up once. */
function createAclCheck(database: FlistDatabase, problems: ProblemList): (path: string, key: string) => void {
  const checked = new Set<string>()
  return (path, key) => {
    if (checked.has(key)) return
    checked.add(key)
    try {
      if (aclKey(database.acl(key)) === key) return
      problems.add('acl', path, `${quotePath(path)}: its ACL record is under the wrong key "${key}"`)
    } catch (error) {
      if (!(error instanceof FlistError)) throw error
      problems.add('acl', path, `${quotePath(path)}: ${error.message}`)
    }
  }
}

function checkDirectory(record: DirectoryRecord, visit: Visit, problems: ProblemList): void {
  const { path, key, parent, inode } = visit
  const wrong = (what: string) => problems.add('directory', path, `${quotePath(path)}: its record ${what}`)
  if (record.name !== path.slice(path.lastIndexOf('/') + 1)) wrong(`has the name ${quotePath(record.name)}`)
  if (record.location !== path) wrong(`is for ${quotePath(record.location)}`)
  if (directoryKey(path) !== key) wrong(`is not under the key of its path`)
  if (record.parent !== parent) wrong(`names another parent than its own`)
  if (inode && (inode.aclKey !== record.aclKey || inode.modificationTime !== record.modificationTime)) {
    wrong(`says other attributes than its entry`)
  }
  const names = new Set<string>()
  for (const { name } of record.contents) {
    const place = joinPath(path, name)
    const problem = names.has(name) ? 'is there twice' : nameProblem(name)
    if (problem !== undefined) problems.add('name', place, `${quotePath(place)} ${problem}`)
    names.add(name)
  }
}

function checkInode(inode: InodeRecord, path: string, chunks: ChunkTable, problems: ProblemList): void {
  const wrong = (what: string) => problems.add('entry', path, `${quotePath(path)} ${what}`)
  const { attributes, size } = inode
  if (path.length > MAX_PATH_BYTES) wrong(`is a path over ${MAX_PATH_BYTES} bytes`)
  if (attributes.kind === 'file') {
    const held = attributes.blocks.length / chunks.format.entryBytes
    const needed = Math.ceil(size / CHUNK_SIZE)
    if (held !== needed) wrong(`has ${size} bytes, which is ${needed} chunks, and ${held} chunks`)
    else if (!chunks.add(path, size, attributes.blocks)) wrong('gives a chunk another size than another file')
    if (attributes.blockSize !== BLOCK_SIZE) wrong(`has the block size ${attributes.blockSize}, not ${BLOCK_SIZE}`)
  } else if (attributes.kind === 'link') {
    const { target } = attributes
    if (target === '' || !isPathText(target)) wrong('has a link target that is empty or no path')
    if (size !== target.length) wrong(`has the size ${size} and a link target of ${target.length} bytes`)
  } else if (attributes.kind === 'special') {
    const isDevice = attributes.type === 'block' || attributes.type === 'character'
    if (isDevice && !isDeviceNumber(attributes.data)) wrong('is a device without a number')
  }
}

/** The rows as a whole: what hangs in the air, and what rfs would take for the root. */
function checkRows(database: FlistDatabase, reached: ReadonlySet<string>, problems: ProblemList): void {
  const wrong = (what: string) => problems.add('record', '', what)
  let first = true
  try {
    for (const key of database.keys()) {
      const isDirectory = /^[0-9a-f]{32}$/.test(key)
      if (first && isDirectory && key !== directoryKey('')) {
        wrong('the first row is a directory below the root, which rfs takes for the root')
      }
      first = false
      if (isDirectory && !reached.has(key)) wrong(`no path leads to the directory record "${key}"`)
      if (!isDirectory && !/^[0-9a-f]{16}$/.test(key)) wrong(`there is a record under the key "${key}"`)
    }
  } catch (error) {
    if (!(error instanceof FlistError)) throw error
    wrong(error.message)
  }
}
