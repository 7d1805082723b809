import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TextDecoder } from 'node:util'
import type { Report } from './problem.ts'

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
}

export function openFolder(root: string, path: string): RecipeFolder {
  const entries = async (below: string) => {
    const found = await readdir(join(root, path, below), { withFileTypes: true }).catch(ignoreMissing)
    return (found ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))
  }
  return {
    path,
    read: (file) => readRegularFile(join(root, path, file)),
    folders: async () => (await entries('.')).filter((entry) => entry.isDirectory()).map(({ name }) => name),
    files: async (below) => (await entries(below)).filter((entry) => entry.isFile()).map(({ name }) => name),
    folder: (name) => openFolder(root, `${path}/${name}`),
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

async function readRegularFile(path: string): Promise<Buffer | undefined> {
  const stat = await lstat(path).catch(ignoreMissing)
  return stat?.isFile() ? readFile(path) : undefined
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
