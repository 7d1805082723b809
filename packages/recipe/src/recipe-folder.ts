import { type Dirent, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TextDecoder } from 'node:util'
import type { Report } from './problem.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

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

/**
 * Files are read synchronously: they are small and many, and a way through the thread pool costs several times what the work does.
 *
 * @param onRead told the path and bytes of every file that is read, in folders below it too
 */
export function openFolder(
  root: string,
  path: string,
  onRead: (path: string, bytes: Uint8Array) => void = () => {},
): RecipeFolder {
  const place = join(root, path)
  const entries = (below: string) => sortedEntries(join(place, below))
  // Most folders have none of those they may have: to ask costs less than to be refused.
  const has = (below: string) => existsSync(`${place}/${below}`)
  return {
    path,
    read: async (file) => {
      const bytes = readRegularFile(`${place}/${file}`)
      if (bytes) onRead(`${path}/${file}`, bytes)
      return bytes
    },
    folders: async () =>
      entries('.')
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name),
    files: async (below) =>
      (has(below) ? entries(below) : []).filter((entry) => entry.isFile()).map(({ name }) => name),
    folder: (name) => openFolder(root, `${path}/${name}`, onRead),
    tree: async (below) => {
      if (!has(below)) return []
      const files = readTree(join(place, below), '')
      for (const file of files) onRead(`${path}/${below}/${file.path}`, file.content)
      return files
    },
  }
}

/** The text of a file that must be UTF-8; otherwise the place is reported and nothing returned. */
export function decodeText(file: string, bytes: Uint8Array, report: Report): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    report({ file, line: 1, column: 1 }, 'is not UTF-8 text', 'save it as UTF-8, or use a source without .hbs')
    return undefined
  }
}

function readTree(folder: string, below: string): FolderFile[] {
  const found: FolderFile[] = []
  for (const entry of sortedEntries(join(folder, below))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) found.push(...readTree(folder, path))
    else if (entry.isFile()) {
      const { mode } = lstatSync(join(folder, path))
      found.push({ path, content: readFileSync(join(folder, path)), executable: (mode & 0o100) !== 0 })
    }
  }
  return found
}

/** None where there is no such folder. */
function sortedEntries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function readRegularFile(path: string): Buffer | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}
