import type { FileHandle } from 'node:fs/promises'
import { type LayoutFiles, readRange } from './layout-files.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'
import { indexTar } from './tar-index.ts'

const COMPRESSED: readonly (readonly [string, string, string])[] = [
  ['1f8b', 'gzip', 'gunzip'],
  ['28b52ffd', 'zstd', 'unzstd'],
  ['fd377a58', 'xz', 'unxz'],
  ['425a68', 'bzip2', 'bunzip2'],
]

/**
 * The files of a layout or another image archive that is a tar, read where they are: nothing is unpacked. Takes over the file handle, also when it
 * throws.
 *
 * @throws RegistryError `unsupported` for a compressed tar, in which nothing can be read out of order; `bad-layout`
 */
export async function openLayoutTar(file: FileHandle, path: string): Promise<LayoutFiles> {
  try {
    await refuseCompressed(file, path)
    const entries = await indexTar(file, path)
    return {
      async open(name) {
        const entry = entries.get(name)
        return entry && { size: entry.size, read: (spare) => readRange(file, entry.offset, entry.size, spare) }
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function refuseCompressed(file: FileHandle, path: string): Promise<void> {
  const start = Buffer.alloc(4)
  await file.read(start, 0, start.length, 0)
  const found = COMPRESSED.find(([magic]) => start.toString('hex').startsWith(magic))
  if (found === undefined) return
  const [, format, program] = found
  throw new RegistryError(
    'unsupported',
    `${quote(path)}: is compressed with ${format}, so blobs cannot be read out of order; decompress it with ${program} first`,
  )
}
