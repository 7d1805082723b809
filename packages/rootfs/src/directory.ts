import type { BigIntStats } from 'node:fs'
import { constants } from 'node:fs'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import type { ContentStore } from './content-store.ts'
import { quoteName, RootfsError } from './error.ts'
import { type Attributes, type DirectoryNode, implicitDirectory, type Node } from './tree.ts'

/** `signal` stops the reading between two pieces of a file. */
export type DirectoryOptions = { readonly signal?: AbortSignal }

const PIECE_SIZE = 256 * 1024

/** State of one reading; paths are raw bytes, as names need not be UTF-8. */
type Reading<C> = {
  readonly store: ContentStore<C>
  readonly signal: AbortSignal | undefined
  /** Nodes with more than one name, by device and inode. */
  readonly links: Map<string, Node<C>>
  readonly buffer: Buffer
}

/**
 * Reads a directory of the host as a tree, with hard links, devices, fifos and sockets. Files go to the store in the
 * order of the tree: directories depth first, names in the order of their bytes. No symbolic link is followed, the
 * given path included. Extended attributes are not read, as Node has no call for them: where they matter, read an
 * archive made with `tar --xattrs` instead.
 *
 * @throws RootfsError `directory` naming the path that cannot be read, or that changed while it was read
 */
export async function readDirectory<C>(
  path: string,
  store: ContentStore<C>,
  options: DirectoryOptions = {},
): Promise<DirectoryNode<C>> {
  const { signal } = options
  const reading: Reading<C> = { store, signal, links: new Map(), buffer: Buffer.allocUnsafe(PIECE_SIZE) }
  const top = Buffer.from(path)
  const stats = await named(top, lstat(top, { bigint: true }))
  if (!stats.isDirectory()) throw pathError(top, 'it is not a directory (no link is followed)')
  const root: DirectoryNode<C> = { ...implicitDirectory(), ...attributes(stats) }
  await readChildren(reading, top, root)
  return root
}

async function readChildren<C>(reading: Reading<C>, path: Buffer, directory: DirectoryNode<C>): Promise<void> {
  const names = await named(path, readdir(path, { encoding: 'buffer' }))
  for (const name of names.sort(Buffer.compare)) {
    const child = Buffer.concat([path, Buffer.from('/'), name])
    directory.children.set(name.toString('latin1'), await readNode(reading, child))
  }
}

async function readNode<C>(reading: Reading<C>, path: Buffer): Promise<Node<C>> {
  reading.signal?.throwIfAborted()
  const stats = await named(path, lstat(path, { bigint: true }))
  if (stats.isDirectory()) {
    const directory: DirectoryNode<C> = { ...implicitDirectory(), ...attributes(stats) }
    await readChildren(reading, path, directory)
    return directory
  }
  if (stats.nlink === 1n) return readInode(reading, path, stats)
  const inode = `${stats.dev}:${stats.ino}`
  const node = reading.links.get(inode) ?? (await readInode(reading, path, stats))
  reading.links.set(inode, node)
  return node
}

async function readInode<C>(reading: Reading<C>, path: Buffer, stats: BigIntStats): Promise<Node<C>> {
  if (stats.isFile()) {
    const size = Number(stats.size)
    return { type: 'file', ...attributes(stats), size, content: await readContent(reading, path, stats) }
  }
  if (stats.isSymbolicLink()) {
    const target = await named(path, readlink(path, { encoding: 'buffer' }))
    return { type: 'symlink', ...attributes(stats), target: target.toString('latin1') }
  }
  if (stats.isFIFO()) return { type: 'fifo', ...attributes(stats), major: 0, minor: 0 }
  if (stats.isSocket()) return { type: 'socket', ...attributes(stats), major: 0, minor: 0 }
  const type = stats.isBlockDevice() ? 'block' : 'character'
  return { type, ...attributes(stats), ...deviceNumbers(stats.rdev) }
}

async function readContent<C>(reading: Reading<C>, path: Buffer, expected: BigIntStats): Promise<C> {
  const { store, signal, buffer } = reading
  // without following a link and without waiting for a writer, should the file have been replaced by one or by a fifo
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await named(path, open(path, flags))
  try {
    checkUnchanged(path, expected, await named(path, file.stat({ bigint: true })))
    const size = Number(expected.size)
    const writer = store.open(size)
    for (let left = size; left > 0; ) {
      signal?.throwIfAborted()
      const { bytesRead } = await named(path, file.read(buffer, 0, Math.min(left, buffer.length)))
      if (bytesRead === 0) throw pathError(path, `it ended ${left} bytes early, as it was changed while it was read`)
      await writer.write(buffer.subarray(0, bytesRead))
      left -= bytesRead
    }
    const { bytesRead } = await named(path, file.read(buffer, 0, 1))
    if (bytesRead > 0)
      throw pathError(path, `it has more than ${size} bytes: it was changed while it was read, or the kernel makes it`)
    checkUnchanged(path, expected, await named(path, file.stat({ bigint: true })))
    return await writer.end()
  } finally {
    await file.close()
  }
}

function checkUnchanged(path: Buffer, before: BigIntStats, now: BigIntStats): void {
  const isSame =
    before.dev === now.dev && before.ino === now.ino && before.size === now.size && before.mtimeNs === now.mtimeNs
  if (!isSame) throw pathError(path, 'it was changed while it was read')
}

function attributes({ mode, uid, gid, mtimeNs }: BigIntStats): Attributes {
  const nanos = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  return {
    mode: Number(mode & 0o7777n),
    uid: Number(uid),
    gid: Number(gid),
    mtime: Number((mtimeNs - nanos) / 1_000_000_000n),
    ...(nanos === 0n ? {} : { mtimeNanos: Number(nanos) }),
  }
}

/** Splits a device number as Linux packs it for programs: 12 low bits of the major around 8 of the minor, then the rest. */
export function deviceNumbers(device: bigint): { major: number; minor: number } {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n)
  return { major: Number(major), minor: Number(minor) }
}

/** Names the path in the error of a system call. */
async function named<T>(path: Buffer, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw pathError(path, String(error instanceof Error ? error.message : error).split(', ')[0] ?? '', error)
  }
}

function pathError(path: Buffer, problem: string, cause?: unknown): RootfsError {
  const name = path.toString('latin1')
  const message = `${quoteName(name)}: ${problem}; read a directory that nothing writes to, with the rights to read all of it`
  return new RootfsError('directory', message, { entry: name, ...(cause === undefined ? {} : { cause }) })
}
