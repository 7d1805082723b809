import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { writeFl } from '../src/fl/write-fl.ts'
import type { ChunkList, DirectoryNode } from '../src/tree.ts'
import { inDirectory } from './raw-flist.ts'

/** Routes of all chunks to one place. */
export const FL_ROUTES = [{ start: 0, end: 255, url: 'dir:///srv/chunks' }]

/** The bytes of a `.fl` with a tree, on which `sql` was run after it was written. */
export function rawFl(tree: DirectoryNode<ChunkList>, sql = ''): Promise<Buffer> {
  return inDirectory(async (directory) => {
    const file = join(directory, 'a.fl')
    await writeFl(tree, { routes: FL_ROUTES, metadata: { note: 'text' } }, file)
    const database = new DatabaseSync(file, { defensive: false })
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF')
    database.exec(sql)
    database.close()
    return readFile(file)
  })
}

/** Runs an action with a file of such bytes. */
export function withFl<T>(bytes: Uint8Array, action: (file: string) => Promise<T>): Promise<T> {
  return inDirectory(async (directory) => {
    const file = join(directory, 'a.fl')
    await writeFile(file, bytes)
    return action(file)
  })
}
