import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CHUNK_SIZE, type ChunkFormat, type ChunkList, FlistError } from '@tf-images/flist'
import { RootfsError } from '@tf-images/rootfs'
import { PipelineError } from './errors.ts'

/**
 * What `decode` makes of a file, or undefined where there is none. A file that `decode` refuses (RootfsError, or FlistError
 * `corrupt`) is deleted.
 *
 * @param maxBytes larger ones are none of ours
 * @throws PipelineError 'cache-failed'
 */
export async function readCacheFile<T>(
  path: string,
  maxBytes: number,
  decode: (bytes: Uint8Array) => T,
): Promise<T | undefined> {
  try {
    return decode(await readBounded(path, maxBytes))
  } catch (error) {
    const isDamaged = error instanceof RootfsError || (error instanceof FlistError && error.code === 'corrupt')
    if (isDamaged) await rm(path, { force: true }).catch(failed(path, 'cannot be deleted'))
    else if (codeOf(error) !== 'ENOENT') failed(path, 'cannot be read')(error)
    return undefined
  }
}

/** Writes a file, which appears whole or not at all, and its folder. @throws PipelineError 'cache-failed' */
export async function writeCacheFile(path: string, encode: () => Uint8Array[]): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(temporary, encode(), { flag: 'wx' })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    failed(path, 'cannot be written')(error)
  }
}

/** A list of chunks as it was kept, if it can be that of a file of `size` bytes. */
export function checkLength(list: Uint8Array, size: number, { entryBytes }: ChunkFormat): ChunkList {
  const count = Math.ceil(size / CHUNK_SIZE)
  if (list.length === count * entryBytes) return list
  throw new Error(`${list.length} bytes are no list of ${count} chunks`)
}

async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size > maxBytes) throw new RootfsError('index', `${path}: it has ${size} bytes; delete it`)
    // At once: `readFile` takes 512 KiB at a time, and twice the memory.
    const bytes = Buffer.allocUnsafeSlow(size)
    let used = 0
    while (used < size) {
      const { bytesRead } = await file.read(bytes, used)
      if (bytesRead === 0) break
      used += bytesRead
    }
    return bytes.subarray(0, used)
  } finally {
    await file.close()
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : undefined)

function failed(path: string, what: string): (cause: unknown) => never {
  return (cause) => {
    const reason = codeOf(cause) ?? String(cause)
    throw new PipelineError(
      'cache-failed',
      `${path}: ${what} (${reason}); check the directory and its permissions, or convert without a layer cache`,
      { cause },
    )
  }
}
