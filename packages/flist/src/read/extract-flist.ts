import { constants } from 'node:fs'
import { chmod, type FileHandle, lchown, lstat, lutimes, mkdir, open, opendir, symlink } from 'node:fs/promises'
import type { ChunkFormat } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { quotePath } from '../format/names.ts'
import type { ChunkList, FileNode } from '../tree.ts'
import { type DirectoryTrail, openTrail } from './directory-trail.ts'
import { createExtractLog, type ExtractLog, type ExtractReport } from './extract-report.ts'
import { type FlistEntry, type FlistNode, type FlistSpecial, isDeviceNumber } from './flist-node.ts'
import type { Flist } from './open-flist.ts'
import { type ChunkSource, readFile } from './read-file.ts'
import { createSpecialMaker, type SpecialMaker } from './special-maker.ts'

export type ExtractOptions = {
  /** Takes a target with something in it: directories are shared, anything else in the way is an error */
  readonly allowNonEmpty?: boolean
  /** Restores owners, setuid, setgid and devices; by default when the process runs as root */
  readonly privileged?: boolean
  readonly signal?: AbortSignal
}

/** Without its owner, a setuid or setgid bit would give away the rights of who extracts. */
const UNPRIVILEGED_MODE = 0o1777

type Extraction = {
  readonly target: string
  readonly store: ChunkSource
  readonly format: ChunkFormat
  readonly options: ExtractOptions
  readonly privileged: boolean
  readonly log: ExtractLog
  readonly specials: SpecialMaker
  readonly trail: DirectoryTrail
}

/**
 * Writes the tree of a flist into the directory `target`, which is made when it is not there and must be empty.
 * Modes and times are restored, of the target itself too; owners, setuid, setgid and devices as root. The report says
 * what could not be.
 *
 * Nothing is written outside the target: names are checked, every directory on a path is opened from the one above it and
 * must be no link, also when others change the target meanwhile, and files are made new and never through a link.
 *
 * Throws `io`, `corrupt`, `unsafe-path`, `chunk-missing`, `chunk-corrupt` and what the store throws; the target is then
 * incomplete.
 */
export async function extractFlist(
  flist: Flist,
  store: ChunkSource,
  target: string,
  options: ExtractOptions = {},
): Promise<ExtractReport> {
  const privileged = options.privileged ?? process.geteuid?.() === 0
  await prepareTarget(target, options.allowNonEmpty ?? false)
  const specials = createSpecialMaker(target)
  const format = flist.chunkFormat
  const trail = await openTrail(target)
  const extraction = { target, store, format, options, privileged, log: createExtractLog(), specials, trail }
  try {
    await extractEntries(extraction, flist)
  } finally {
    await trail.close()
    await specials.close()
  }
  return extraction.log.finish()
}

async function prepareTarget(target: string, allowNonEmpty: boolean): Promise<void> {
  try {
    await mkdir(target, { recursive: true })
    await using directory = await opendir(target)
    if (allowNonEmpty || (await directory.read()) === null) return
  } catch (cause) {
    throw new FlistError('io', `${target}: cannot be extracted into (${String(cause)}); give an empty directory`, {
      cause,
    })
  }
  throw new FlistError('io', `${target}: is not empty; give an empty directory or allow this one`)
}

async function extractEntries(extraction: Extraction, flist: Flist): Promise<void> {
  const directories: FlistEntry[] = []
  for (const entry of flist.walk()) {
    extraction.options.signal?.throwIfAborted()
    await explain(extraction, entry, () => extractEntry(extraction, entry))
    if (entry.node.type === 'directory') directories.push(entry)
  }
  // Children change the times of their directory, and its mode may lock them out: the deepest last made first.
  for (const entry of directories.reverse()) {
    extraction.options.signal?.throwIfAborted()
    await explain(extraction, entry, () => finishDirectory(extraction, entry))
  }
}

async function extractEntry(extraction: Extraction, entry: FlistEntry): Promise<void> {
  const { node } = entry
  const path = await extraction.trail.place(entry.path)
  if (node.type === 'directory') return entry.path === '' ? undefined : makeDirectory(extraction, path)
  if (node.type === 'file') await writeFile(extraction, entry, node, path)
  else if (node.type === 'symlink') {
    await symlink(Buffer.from(node.target, 'latin1'), path)
    await restoreInPlace(extraction, node, path)
  } else if (!(await makeSpecial(extraction, entry, node, path))) return
  extraction.log.done(entry)
}

async function makeDirectory({ options }: Extraction, path: Buffer): Promise<void> {
  try {
    await mkdir(path, 0o700)
  } catch (error) {
    if (!options.allowNonEmpty || !(await lstat(path)).isDirectory()) throw error
  }
}

async function writeFile(
  extraction: Extraction,
  entry: FlistEntry,
  node: FileNode<ChunkList>,
  path: Buffer,
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  await using handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  const { format, store, options } = extraction
  for await (const bytes of readFile(node, store, { format, ...(options.signal && { signal: options.signal }) })) {
    for (let written = 0; written < bytes.length; ) written += (await handle.write(bytes, written)).bytesWritten
  }
  await restoreOpen(extraction, entry, handle)
}

/** Says whether it was made. */
async function makeSpecial(
  extraction: Extraction,
  entry: FlistEntry,
  node: FlistSpecial,
  path: Buffer,
): Promise<boolean> {
  const reason = await refuseSpecial(extraction, node, path)
  if (reason !== undefined) {
    const kind = node.type === 'fifo' || node.type === 'socket' ? node.type : 'device'
    extraction.log.skip(kind, entry.path, reason)
    return false
  }
  await restoreInPlace(extraction, node, path)
  await chmod(path, extraction.privileged ? node.mode : node.mode & UNPRIVILEGED_MODE)
  return true
}

/** Makes a special file, or gives the reason why not. */
async function refuseSpecial(
  { privileged, specials }: Extraction,
  { type, data, ...numbers }: FlistSpecial,
  path: Buffer,
): Promise<string | undefined> {
  if (type === 'socket') return isDeviceNumber(data) ? `a device "${data}" of a lost kind` : 'no program listens on it'
  if (type !== 'fifo' && !privileged) return 'needs root'
  return specials.make({ type, ...numbers }, path)
}

async function finishDirectory(extraction: Extraction, entry: FlistEntry): Promise<void> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  const flags = O_RDONLY | O_DIRECTORY | (entry.path === '' ? 0 : O_NOFOLLOW)
  await using handle = await open(await extraction.trail.place(entry.path), flags)
  await restoreOpen(extraction, entry, handle)
  extraction.log.done(entry)
}

/** Restores an open file or directory; the mode after the owner, whose change takes setuid away. */
async function restoreOpen(extraction: Extraction, { path, node }: FlistEntry, handle: FileHandle): Promise<void> {
  if (extraction.privileged) await handle.chown(node.uid, node.gid)
  else noteOwner(extraction, node)
  const mode = extraction.privileged ? node.mode : node.mode & UNPRIVILEGED_MODE
  if (mode !== node.mode) extraction.log.skip('set-id', path, 'the owner is not restored')
  await handle.chmod(mode)
  await handle.utimes(node.mtime, node.mtime)
}

/** Restores owner and times of what cannot be opened, without following it. */
async function restoreInPlace(extraction: Extraction, node: FlistNode, path: Buffer): Promise<void> {
  if (extraction.privileged) await lchown(path, node.uid, node.gid)
  else noteOwner(extraction, node)
  await lutimes(path, node.mtime, node.mtime)
}

function noteOwner({ log }: Extraction, { uid, gid }: FlistNode): void {
  if (uid !== process.geteuid?.() || gid !== process.getegid?.()) log.disown()
}

async function explain(extraction: Extraction, { path }: FlistEntry, action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (cause) {
    if (extraction.options.signal?.aborted) throw cause
    const code = cause instanceof FlistError ? cause.code : 'io'
    const reason = reasonOf(cause)
    const remedy = 'the target is incomplete, empty it and extract again'
    throw new FlistError(code, `${extraction.target}: ${quotePath(path)} was not extracted: ${reason}; ${remedy}`, {
      cause,
    })
  }
}

/** Without the call and its path, which stands for an open directory. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'syscall' in cause ? cause.message.replace(/, [a-z]+ '.*$/s, '') : cause.message
}
