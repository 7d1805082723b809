import { constants, type Stats } from 'node:fs'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import { VmError } from '../errors.ts'
import { type ContractTree, joinPath, type TreeEntry } from './contract-tree.ts'

/**
 * Looks at a directory of this machine. No symbolic link in it is followed, not on the way to a path either, so nothing outside of it
 * is read.
 *
 * Its calls throw VmError 'no-access' for what this user may not read.
 */
export function directoryTree(root: string): ContractTree {
  const seen = <T>(path: string, looking: Promise<T>) =>
    looking.catch((error: unknown) => throwRefused(root, path, error))
  const lookup = async (path: string): Promise<TreeEntry | undefined> => {
    const parts = path === '' ? [] : path.split('/')
    // A link on the way would be followed by the system.
    for (let count = 1; count < parts.length; count++) {
      const above = parts.slice(0, count).join('/')
      const parent = await seen(above, lstat(hostPath(root, above)).catch(undefinedIfAbsent))
      if (!parent?.isDirectory()) return undefined
    }
    const stats = await seen(path, lstat(hostPath(root, path)).catch(undefinedIfAbsent))
    return stats && describe(stats, hostPath(root, path))
  }
  const list = async (path: string) => {
    if ((await lookup(path))?.type !== 'directory') return []
    return (await seen(path, readdir(hostPath(root, path), { encoding: 'latin1' }))).sort()
  }
  const walkBelow = async function* (path: string): AsyncGenerator<{ path: string; entry: TreeEntry }> {
    for (const name of (await seen(path, readdir(hostPath(root, path), { encoding: 'latin1' }))).sort()) {
      const child = joinPath(path, name)
      const stats = await seen(child, lstat(hostPath(root, child)))
      yield { path: child, entry: await describe(stats, hostPath(root, child)) }
      if (stats.isDirectory()) yield* walkBelow(child)
    }
  }
  return {
    lookup,
    list,
    read: async (path, range) => {
      if ((await lookup(path))?.type !== 'file') return new Uint8Array()
      await using handle = await seen(path, open(hostPath(root, path), constants.O_RDONLY | constants.O_NOFOLLOW))
      if (!range) return handle.readFile()
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(range.length), 0, range.length, range.offset)
      return buffer.subarray(0, bytesRead)
    },
    walk: () => walkBelow(''),
  }
}

/** The path for the system: names in trees are bytes. */
export function hostPath(root: string, path: string): Buffer {
  return path === '' ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')])
}

async function describe(stats: Stats, path: Buffer): Promise<TreeEntry> {
  const { uid, gid } = stats
  const common = { mode: stats.mode & 0o7777, uid, gid, size: stats.isFile() ? stats.size : 0 }
  if (stats.isSymbolicLink())
    return { type: 'symlink', ...common, target: await readlink(path, { encoding: 'latin1' }) }
  return { type: typeOf(stats), ...common }
}

function typeOf(stats: Stats): TreeEntry['type'] {
  if (stats.isDirectory()) return 'directory'
  if (stats.isFile()) return 'file'
  if (stats.isCharacterDevice()) return 'character'
  if (stats.isBlockDevice()) return 'block'
  return stats.isFIFO() ? 'fifo' : 'socket'
}

/** @throws VmError 'no-access' where this user may not do what was tried, else the error itself */
export function throwRefused(root: string, path: string, error: unknown): never {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'EACCES' && code !== 'EPERM') throw error
  const problem = 'this user may not read or change it; run it as root (sudo), or as its owner'
  throw new VmError('no-access', `${hostPath(root, path).toString()}: ${problem}`, { cause: error })
}

function undefinedIfAbsent(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
  throw error
}
