import { createHash, randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'

/** A file that is complete and on the disk. */
export type WrittenFile = { readonly size: number; readonly sha256: string }

/**
 * Writes a file that appears under its name complete or not at all: it grows beside it under another name, which is removed when
 * filling it fails.
 *
 * @throws what `fill` threw
 */
export async function writeFileWhole(
  path: string,
  fill: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<WrittenFile> {
  const partial = `${path}.${randomBytes(6).toString('hex')}.partial`
  const handle = await open(partial, 'wx')
  const hash = createHash('sha256')
  let size = 0
  try {
    await fill(async (bytes) => {
      hash.update(bytes)
      size += bytes.length
      await handle.appendFile(bytes)
    })
    await handle.sync()
    await handle.close()
    await rename(partial, path)
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(partial, { force: true })
    throw error
  }
  return { size, sha256: hash.digest('hex') }
}
