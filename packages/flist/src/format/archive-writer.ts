import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { FlistError } from '../errors.ts'
import { createGzip, type PackedPart } from './gzip-writer.ts'
import { PAGE_BYTES } from './page-stream.ts'
import { encodeTarHeader, MAX_TAR_BYTES, TAR_BLOCK } from './tar-header.ts'

/** The one member of a flist archive, by the name the reference gives it. */
export const DATABASE_MEMBER = './flistdb.sqlite3'

/** A flist archive under construction. */
export type ArchiveWriter = {
  /** Packs the next pages of the database, which must stay as they are. Throws `too-large`. */
  add(piece: Uint8Array): void
  /** Makes a part of what was added since the last one (see `GzipWriter`). */
  endPart(): PackedPart
  /** Packs pages that were packed before. Throws `too-large`. */
  addPart(part: PackedPart): void
  /** Is done when more may be added without filling the memory. */
  room(): Promise<void>
  /** Writes a new file: the first page of the database, then what was added. Throws `io` and the signal's reason. */
  write(file: string, firstPage: Uint8Array, signal?: AbortSignal): Promise<void>
}

/**
 * Starts a flist: a gzip'd GNU tar with the database as its only member (0-fs opens every other one as a file, zflist
 * refuses PAX headers), closed by two zero blocks as POSIX asks, which the reference leaves out but every reader takes.
 * Nothing of the time, the machine or the user gets in. The gzip bytes depend on the zlib that Node brings; what they
 * unpack to does not. Pages are compressed while others are made, and wait in memory until the size of the database is
 * known, which comes first in a tar.
 */
export function createArchive({ maxBytes = MAX_TAR_BYTES } = {}): ArchiveWriter {
  const gzip = createGzip()
  let size = PAGE_BYTES
  const count = (bytes: number) => {
    size += bytes
    if (size > maxBytes) {
      throw new FlistError(
        'too-large',
        `flist database: has over ${maxBytes} bytes, more than a tar member holds; split the tree`,
      )
    }
  }
  return {
    add(piece) {
      count(piece.length)
      gzip.add(piece)
    },
    endPart: gzip.endPart,
    addPart(part) {
      count(part.bytes)
      gzip.addPart(part)
    },
    room: gzip.room,
    async write(file, firstPage, signal) {
      // Pages are whole blocks: no padding follows them.
      gzip.add(Buffer.alloc(2 * TAR_BLOCK))
      const start = Buffer.concat([encodeTarHeader(DATABASE_MEMBER, size), firstPage])
      await using handle = await open(file, 'wx')
      for await (const bytes of gzip.finish(start)) {
        signal?.throwIfAborted()
        writeFileSync(handle.fd, bytes)
      }
      await handle.sync()
    },
  }
}
