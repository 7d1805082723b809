import { closeSync, openSync, readSync, writeFileSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { FlistError } from '../errors.ts'
import { gzipSideBySide } from './gzip-writer.ts'
import { encodeTarHeader, MAX_TAR_BYTES, TAR_BLOCK } from './tar-header.ts'

/** Bytes of the database that are compressed at once. The bytes of a flist depend on it. */
const PIECE = 512 * 1024

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
  const handle = await open(archive, 'wx')
  try {
    for await (const bytes of gzipSideBySide(tarPieces(database, size))) {
      signal?.throwIfAborted()
      writeFileSync(handle.fd, bytes)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The tar, in pieces. They are read synchronously: each takes less time than a way through the thread pool. */
function* tarPieces(database: string, size: number): Generator<Buffer, void, undefined> {
  yield encodeTarHeader(DATABASE_MEMBER, size)
  const file = openSync(database, 'r')
  try {
    for (let at = 0; at < size; at += PIECE) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, size - at))
      if (readSync(file, piece, 0, piece.length, at) !== piece.length) throw new Error(`${database} was cut off`)
      yield piece
    }
  } finally {
    closeSync(file)
  }
  yield Buffer.alloc(padding(size) + 2 * TAR_BLOCK)
}

function padding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK
}
