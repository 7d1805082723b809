import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What is in the place of a context file: a regular file, or something that has no business there. */
export type FoundFile = { readonly content: Buffer; readonly executable: boolean } | 'not a regular file'

/** The files below a folder by their path with `/`, sorted; no link is followed, and what is no folder has none. */
export async function readContext(folder: string): Promise<Map<string, FoundFile>> {
  const found = new Map<string, FoundFile>()
  await collect(folder, '', found)
  return found
}

async function collect(folder: string, below: string, found: Map<string, FoundFile>): Promise<void> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (below === '' && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return []
    throw error
  })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) await collect(folder, path, found)
    else found.set(path, await readFound(join(folder, path)))
  }
}

async function readFound(path: string): Promise<FoundFile> {
  const stat = await lstat(path)
  if (!stat.isFile()) return 'not a regular file'
  return { content: await readFile(path), executable: (stat.mode & 0o100) !== 0 }
}
