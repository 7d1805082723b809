import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { absent, lstatOf, seconds, statOf } from './repositories.ts'
import { isFileName, type Storage } from './storage.ts'

/** One row of a repository's listing: the size is a text, a target has no `../`, a tag no `.tag-`. */
export type ListingRow = {
  readonly name: string
  readonly size: string
  readonly updated: number
  readonly linktime?: number
  readonly type: 'regular' | 'symlink' | 'taglink' | 'tag'
  readonly target?: string
}

const TAG_FOLDER = '.tag-'

/** Lists a repository that exists, sorted by name. Folders that are no tags are left out. */
export async function listRepository(storage: Storage, user: string): Promise<ListingRow[]> {
  if (!isFileName(user)) return []
  return listFolder(join(storage.users, user), true)
}

/** Lists the links of a tag; undefined when there is no such tag. */
export async function listTag(folder: string | undefined): Promise<ListingRow[] | undefined> {
  if (folder === undefined || !(await statOf(folder))?.isDirectory()) return undefined
  return (await listFolder(folder, false)).filter(({ type }) => type !== 'regular')
}

/** Every repository, sorted by name; `official` are those that the hub's owner names. */
export async function listRepositories(
  storage: Storage,
  official: readonly string[],
): Promise<{ name: string; official: boolean; updated: number }[]> {
  const repositories = []
  for (const name of (await readdir(storage.users)).sort()) {
    const found = await lstatOf(join(storage.users, name))
    if (found?.isDirectory()) repositories.push({ name, official: official.includes(name), updated: seconds(found) })
  }
  return repositories
}

/** What a link says as the hub shows it: without the way up, and a tag by its name. */
export function shownTarget(target: string): string {
  return target.replaceAll('../', '').replaceAll(TAG_FOLDER, 'tags/')
}

/** What others remove while it is listed is left out. */
async function listFolder(folder: string, tagLinks: boolean): Promise<ListingRow[]> {
  const rows: ListingRow[] = []
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name)
    const own = await lstatOf(path)
    if (!own) continue
    if (own.isDirectory()) {
      if (!name.startsWith(TAG_FOLDER)) continue
      rows.push({ name: name.slice(TAG_FOLDER.length), size: '0 KB', updated: seconds(own), type: 'tag' })
      continue
    }
    const led = (await statOf(path)) ?? own
    const row = { name, size: `${(led.size / 1024).toFixed(2)} KB`, updated: seconds(led) }
    if (!own.isSymbolicLink()) {
      rows.push({ ...row, type: 'regular' })
      continue
    }
    const target = await readlink(path).catch(absent)
    if (target === undefined) continue
    const type = tagLinks && target.includes(`/${TAG_FOLDER}`) ? 'taglink' : 'symlink'
    rows.push({ ...row, linktime: seconds(own), type, target: shownTarget(target) })
  }
  return rows
}
