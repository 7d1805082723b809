import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { lstat, readlink, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { flistFileName } from './flist-names.ts'
import { isFileName, type Storage } from './storage.ts'

/** What stands at a flist's path: a flist, a link (also a dangling one), or nothing. */
export type FlistKind = 'regular' | 'symlink'

/** `GET …/light`: times in seconds since epoch, size and md5 of what a link leads to; md5 null when it leads nowhere. */
export type FlistInfo = {
  readonly name: string
  readonly size: number
  readonly updated: number
  readonly type: FlistKind
  readonly md5: string | null
  readonly linktime?: number
  /** The text of the link: `ok.flist` or `../alice.3bot/small.flist`. */
  readonly target?: string
}

/** `.` and `..` count as repositories without flists: the real hub lists its own folders there, one level too high. */
export async function userExists(storage: Storage, user: string): Promise<boolean> {
  if (user === '.' || user === '..') return true
  const found = isFileName(user) ? await statOf(join(storage.users, user)) : undefined
  return found?.isDirectory() ?? false
}

/** The path of a flist, whether it is there or not; undefined when no file can have that name. */
export function flistPath(storage: Storage, user: string, name: string): string | undefined {
  const file = flistFileName(name)
  return isFileName(user) && isFileName(file) ? join(storage.users, user, file) : undefined
}

/** The folder of a tag, which holds links; undefined when no folder can have that name. */
export function tagPath(storage: Storage, user: string, tag: string): string | undefined {
  const folder = `.tag-${tag}`
  return isFileName(user) && isFileName(folder) ? join(storage.users, user, folder) : undefined
}

/** What stands at a path; undefined for nothing and for a folder. */
export async function flistKind(path: string): Promise<FlistKind | undefined> {
  const found = await lstatOf(path)
  if (found?.isSymbolicLink()) return 'symlink'
  return found?.isFile() ? 'regular' : undefined
}

/** The md5 of the file that a path leads to, in hex; null when it leads to no file. */
export async function flistMd5(path: string): Promise<string | null> {
  if (!(await statOf(path))?.isFile()) return null
  const hash = createHash('md5')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Describes a flist that {@link flistKind} found. */
export async function describeFlist(path: string): Promise<FlistInfo> {
  const name = basename(path)
  const own = await lstat(path)
  const led = (await statOf(path)) ?? own
  const common = { name, size: led.size, updated: seconds(led) }
  const md5 = await flistMd5(path)
  if (!own.isSymbolicLink()) return { ...common, type: 'regular', md5 }
  return { ...common, type: 'symlink', md5, linktime: seconds(own), target: await readlink(path) }
}

/** Seconds since epoch, as the hub tells times. */
export const seconds = (stats: Stats): number => Math.floor(stats.mtimeMs / 1000)

/** What a path leads to; undefined for nothing. */
export async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(absent)
}

/** What stands at a path, of a link the link itself; undefined for nothing. */
export async function lstatOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(absent)
}

/** For what is not there, or not any more; other errors stay. */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(error.code ?? '')) return undefined
  throw error
}
