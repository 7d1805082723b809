import { createReadStream, createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { FlistError } from '../errors.ts'
import { encodeTarHeader, MAX_TAR_BYTES, TAR_BLOCK } from './tar-header.ts'

/** Bytes read, and written, at once: the 16 KiB that streams hand over by default cost a third of the compression again. */
const PIECE = 256 * 1024

/** The one member of a flist archive, by the name the reference gives it. */
export const DATABASE_MEMBER = './flistdb.sqlite3'

/**
 * Packs a finished database as a flist: a gzip'd GNU tar with the database as its only member (0-fs opens every other
 * one as a file, zflist refuses PAX headers), closed by two zero blocks as POSIX asks, which the reference leaves out
 * but every reader takes. Nothing of the time, the machine or the user gets in. The gzip bytes depend on the zlib that
 * Node brings; what they unpack to does not. Throws `too-large` and `io`.
 */
export async function packDatabase(database: string, archive: string, signal?: AbortSignal): Promise<void> {
  const { size } = await stat(database)
  if (size > MAX_TAR_BYTES) {
    throw new FlistError(
      'too-large',
      `flist database: has ${size} bytes, a tar member holds ${MAX_TAR_BYTES}; split the tree`,
    )
  }
  const parts = async function* (): AsyncGenerator<Buffer> {
    yield encodeTarHeader(DATABASE_MEMBER, size)
    yield* createReadStream(database, { highWaterMark: PIECE })
    yield Buffer.alloc(padding(size) + 2 * TAR_BLOCK)
  }
  await pipeline(parts, createGzip({ chunkSize: PIECE }), createWriteStream(archive, { flags: 'wx' }), {
    ...(signal && { signal }),
  })
  const handle = await open(archive, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function padding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK
}
