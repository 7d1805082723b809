import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type LayoutFiles, readRange, type SpareMemory } from './layout-files.ts'

// Without blocking, so that a named pipe in the place of a blob does not stop us for ever.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

/**
 * The files of a layout that is a directory. Symbolic links are followed, as Bazel makes layouts of them; whatever they
 * lead to still has to have the digest asked for.
 */
export function openLayoutDirectory(path: string): LayoutFiles {
  return {
    async open(name) {
      const file = join(path, name)
      const size = await withFile(file, async (handle) => {
        const stat = await handle.stat()
        return stat.isFile() ? stat.size : undefined
      })
      return size === undefined ? undefined : { size, read: (spare) => readWhole(file, size, spare) }
    },
    async close() {},
  }
}

async function* readWhole(path: string, size: number, spare?: SpareMemory): AsyncGenerator<Uint8Array> {
  await using handle = await open(path, FLAGS)
  yield* readRange(handle, 0, size, spare)
}

async function withFile<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T | undefined> {
  let handle: FileHandle
  try {
    handle = await open(path, FLAGS)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined
    throw error
  }
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}
