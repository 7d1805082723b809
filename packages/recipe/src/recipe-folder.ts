import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TextDecoder } from 'node:util'
import type { Report } from './problem.ts'

/** A file as git keeps it: its bytes, and whether it is executable. */
export type FolderFile = { readonly path: string; readonly content: Buffer; readonly executable: boolean }

/** A folder of recipes: paths in it are relative to the root of the repository, with `/`. */
export type RecipeFolder = {
  readonly path: string
  /** A regular file of the folder; undefined when there is none, or when what is there is a link or folder. */
  read(file: string): Promise<Buffer | undefined>
  /** The names of the folders in it, sorted; none when it does not exist. */
  folders(): Promise<string[]>
  /** The names of the files in a folder below it, sorted. */
  files(below: string): Promise<string[]>
  folder(name: string): RecipeFolder
  /** The regular files below a folder of it, by path, with whether they are executable; no link is followed. */
  tree(below: string): Promise<FolderFile[]>
}

/** @param onRead told the path and bytes of every file that is read, in folders below it too */
export function openFolder(
  root: string,
  path: string,
  onRead: (path: string, bytes: Uint8Array) => void = () => {},
): RecipeFolder {
  const entries = async (below: string) => {
    const found = await readdir(join(root, path, below), { withFileTypes: true }).catch(ignoreMissing)
    return (found ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))
  }
  let listing: Promise<Set<string>> | undefined
  // One look at the folder spares one at each folder it need not have.
  const has = async (below: string) => {
    listing ??= entries('.').then((found) => new Set(found.map(({ name }) => name)))
    return (await listing).has(below)
  }
  return {
    path,
    read: async (file) => {
      const bytes = await readRegularFile(join(root, path, file))
      if (bytes) onRead(`${path}/${file}`, bytes)
      return bytes
    },
    folders: async () => (await entries('.')).filter((entry) => entry.isDirectory()).map(({ name }) => name),
    files: async (below) =>
      ((await has(below)) ? await entries(below) : []).filter((entry) => entry.isFile()).map(({ name }) => name),
    folder: (name) => openFolder(root, `${path}/${name}`, onRead),
    tree: async (below) => {
      if (!(await has(below))) return []
      const files = await readTree(join(root, path, below), '')
      for (const file of files) onRead(`${path}/${below}/${file.path}`, file.content)
      return files
    },
  }
}

/** The text of a file that must be UTF-8; otherwise the place is reported and nothing returned. */
export function decodeText(file: string, bytes: Uint8Array, report: Report): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    report({ file, line: 1, column: 1 }, 'is not UTF-8 text', 'save it as UTF-8, or use a source without .hbs')
    return undefined
  }
}

async function readTree(folder: string, below: string): Promise<FolderFile[]> {
  const entries = (await readdir(join(folder, below), { withFileTypes: true }).catch(ignoreMissing)) ?? []
  const found: FolderFile[] = []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) found.push(...(await readTree(folder, path)))
    else if (entry.isFile()) {
      const { mode } = await lstat(join(folder, path))
      found.push({ path, content: await readFile(join(folder, path)), executable: (mode & 0o100) !== 0 })
    }
  }
  return found
}

async function readRegularFile(path: string): Promise<Buffer | undefined> {
  const stat = await lstat(path).catch(ignoreMissing)
  return stat?.isFile() ? readFile(path) : undefined
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
