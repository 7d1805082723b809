import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContentStore } from '@tf-images/rootfs'

/** File contents of a tar or an image in one temporary file, so that any of them can be read when the tree is known. */
export type SpooledContents = {
  /** Takes contents one file after the other; what it gives for one says where it lies. */
  readonly store: ContentStore<Uint8Array>
  read(content: Uint8Array, range: { readonly offset: number; readonly length: number }): Promise<Uint8Array>
  close(): Promise<void>
}

/** @param temporary directory for the file, which has no name and is gone with the process. Default: the system's */
export async function spoolContents(temporary = tmpdir()): Promise<SpooledContents> {
  const folder = await mkdtemp(join(temporary, 'flist-spool-'))
  const file = await open(join(folder, 'contents'), 'wx+').finally(() => rm(folder, { recursive: true, force: true }))
  let end = 0
  return {
    store: {
      open() {
        const begin = end
        return {
          async write(bytes) {
            await writeAll(file, bytes, end)
            end += bytes.length
          },
          end() {
            const place = Buffer.alloc(8)
            place.writeBigUInt64LE(BigInt(begin))
            return place
          },
        }
      },
    },
    async read(content, { offset, length }) {
      const begin = Number(Buffer.from(content).readBigUInt64LE())
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, begin + offset)
      return buffer.subarray(0, bytesRead)
    },
    close: () => file.close(),
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}
