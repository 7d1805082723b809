import { type FileHandle, open } from 'node:fs/promises'
import { PassThrough, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { FlistError } from '../errors.ts'
import { type ByteReader, createByteReader } from './byte-reader.ts'
import { decodeTarHeader, TAR_BLOCK, type TarMember } from './tar-header.ts'

/** Bytes an archive may hold beside the database: headers, padding, odd members. */
const SLACK_BYTES = 1024 * 1024

/**
 * Unpacks the database of a flist archive into `output`, a new file of the caller's choice; no name in the archive is
 * ever used as a path. Takes what consumers take: gzip or plain, v7, ustar or GNU tar, `flistdb.sqlite3` with or without
 * `./`, other members beside it (they are skipped), no end-of-archive blocks. The whole archive is read, so that gzip's
 * checksum holds. Decompression stops when it has given more than a database of
 * `maxBytes` needs.
 *
 * Throws `not-a-flist`, `corrupt` (damaged, cut off, two databases), `too-large`, `io` and the signal's reason.
 */
export async function unpackDatabase(
  archive: string,
  output: string,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await using input = await open(archive, 'r')
    await using database = await open(output, 'wx', 0o600)
    const unpack = (await isGzip(input)) ? createGunzip() : new PassThrough()
    const source = input.createReadStream({ start: 0, autoClose: false })
    const read = (bytes: AsyncIterable<Buffer>) => readArchive(archive, createByteReader(bytes), database, maxBytes)
    await pipeline(source, unpack, limit(archive, maxBytes), read, { ...(signal && { signal }) })
  } catch (cause) {
    throw explain(archive, cause, signal)
  }
}

async function isGzip(input: FileHandle): Promise<boolean> {
  const { buffer } = await input.read(Buffer.alloc(2), 0, 2, 0)
  return buffer.readUInt16BE(0) === 0x1f8b
}

function limit(archive: string, maxBytes: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done(bytes > maxBytes + SLACK_BYTES ? tooLarge(archive, maxBytes) : null, chunk)
    },
  })
}

async function readArchive(archive: string, reader: ByteReader, database: FileHandle, maxBytes: number): Promise<void> {
  let found = false
  for (let first = true; ; first = false) {
    const block = await reader.take(TAR_BLOCK)
    if (block.every((byte) => byte === 0)) break
    const member = block.length === TAR_BLOCK ? decodeTarHeader(block) : undefined
    if (member === undefined) throw first ? notAnArchive(archive, block) : corrupt(archive, 'is damaged or cut off')
    const isDatabase = isDatabaseMember(member)
    if (isDatabase && found) throw corrupt(archive, 'holds two databases')
    if (isDatabase && member.size > maxBytes) throw tooLarge(archive, maxBytes)
    found ||= isDatabase
    const size = hasContent(member) ? member.size : 0
    const passed = await reader.pass(size, async (bytes) => (isDatabase ? writeAll(database, bytes) : undefined))
    if (passed < size) throw corrupt(archive, 'is cut off')
    // The reference leaves out the padding at the end of the archive.
    await reader.take((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK)
  }
  if (!found) throw new FlistError('not-a-flist', `${archive}: is an archive without "flistdb.sqlite3"; give a flist`)
  await reader.pass(Number.POSITIVE_INFINITY, async () => {})
}

function isDatabaseMember({ name, type }: TarMember): boolean {
  return (type === '0' || type === '\0') && (name === './flistdb.sqlite3' || name === 'flistdb.sqlite3')
}

/** Links, devices, directories and fifos have no content, whatever their size field says. */
function hasContent({ type }: TarMember): boolean {
  return !/[1-6]/.test(type)
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written)).bytesWritten
  }
}

function notAnArchive(archive: string, block: Buffer): FlistError {
  const isDatabase = block.toString('latin1', 0, 15) === 'SQLite format 3'
  const what = isDatabase ? 'is a bare database; give the flist it came from' : 'is no tar archive; give a flist'
  return new FlistError('not-a-flist', `${archive}: ${what}`)
}

function corrupt(archive: string, what: string, options?: { cause: unknown }): FlistError {
  return new FlistError('corrupt', `${archive}: ${what}; make or fetch the flist again`, options)
}

function tooLarge(archive: string, maxBytes: number): FlistError {
  const what = `unpacks to more than ${maxBytes} bytes`
  return new FlistError('too-large', `${archive}: ${what}; raise the limit if the flist can be trusted`)
}

function explain(archive: string, cause: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason
  if (cause instanceof FlistError) return cause
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code.startsWith('Z_')) return corrupt(archive, 'is not whole gzip data', { cause })
  return new FlistError('io', `${archive}: cannot be unpacked (${code || String(cause)})`, { cause })
}
