import { ByteCursor } from './byte-cursor.ts'
import { RootfsError, type TarPosition, tarError } from './error.ts'
import { detectFormat } from './file-format.ts'
import { BLOCK_SIZE, type HeaderBlock, hasValidChecksum, isZeroBlock, parseHeaderBlock } from './header-block.ts'
import { isInheritable, type PaxRecord, parsePaxRecords } from './pax.ts'
import { checkSparseMap, type Extent, readGnuSparseMap, readInlineMap } from './sparse.ts'
import { type Extensions, isEntryType, joinHeaders, type TarEntry, type TarHeader } from './tar-header.ts'
import { chargeEntry, DEFAULT_LIMITS, limitError, type TarBudget, type TarLimits } from './tar-limits.ts'

/** What is told of an archive: `entry`, then the content in any number of `data`, then `end`, for each entry. */
export type TarHandler = {
  entry(header: TarHeader): void | Promise<void>
  /**
   * Bytes of the entry, holes of sparse files as zeros. They are a view on a buffer that is used again: valid until the
   * returned promise settles (or the call returns), and not to be changed.
   */
  data(bytes: Uint8Array): void | Promise<void>
  end(): void | Promise<void>
}

/** `name` is what messages call the archive, such as a digest or a file name. */
export type TarOptions = { readonly name?: string; readonly limits?: TarLimits }

/** State of one reading. */
type Reading = {
  readonly archive: string
  readonly cursor: ByteCursor
  readonly handler: TarHandler
  readonly limits: Required<TarLimits>
  readonly budget: TarBudget
  /** Records of global pax headers that later entries inherit. */
  inherited: readonly PaxRecord[]
}

const ZEROS = Buffer.alloc(64 * 1024)
const DAMAGED = 'the archive is damaged, or something before it was written or cut wrongly'

/**
 * Reads a plain (not compressed) tar archive: v7, POSIX ustar and pax, GNU (long names, base-256 numbers, sparse files
 * in all four formats), star. Calls are made one after the other; a promise is waited for, which also holds back the
 * source. Memory is bounded by {@link TarLimits}, whatever the archive.
 *
 * The archive ends at two blocks of zeros; what follows is read and dropped, so that a source that checks a digest at
 * its end does so. As in GNU tar the zeros may be missing where an entry would begin. An empty input is an empty archive.
 *
 * @throws RootfsError naming the entry and its byte offset; whatever the source or the handler throws passes unchanged.
 * The source is closed in every case.
 */
export async function readTar(
  source: AsyncIterable<Uint8Array>,
  handler: TarHandler,
  options: TarOptions = {},
): Promise<void> {
  const { name: archive = 'tar archive' } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const cursor = new ByteCursor(source)
  const budget = { entries: 0, metadataBytes: 0, contentBytes: 0 }
  try {
    await readEntries({ archive, cursor, handler, limits, budget, inherited: [] })
    await cursor.drain()
  } catch (error) {
    await cursor.close().catch(() => {}) // the first error is the one to know
    throw error
  }
}

async function readEntries(reading: Reading): Promise<void> {
  const { archive, cursor } = reading
  let extensions: Extensions = { pax: [], bytes: 0 }
  for (;;) {
    const at: TarPosition = { archive, offset: cursor.offset }
    const block = cursor.take(BLOCK_SIZE) ?? (await cursor.read(BLOCK_SIZE))
    if (block.length === 0 || isZeroBlock(block)) {
      if (extensions.bytes > 0) throw tarError('truncated', at, `an extended header lacks its entry; ${DAMAGED}`)
      return checkEnd(reading, block, at)
    }
    const header = readHeaderBlock(block, at)
    if (isEntryType(header.typeflag)) {
      const pax = reading.inherited.length === 0 ? extensions.pax : [...reading.inherited, ...extensions.pax]
      const entry = joinHeaders(header, { ...extensions, pax }, at)
      const place = { ...at, entry: entry.header.name }
      await (header.typeflag === 'S'
        ? readGnuSparse(reading, entry, Buffer.from(block), place)
        : readEntry(reading, entry, place))
      extensions = { pax: [], bytes: 0 }
    } else if (header.typeflag === 'V') {
      await skip(reading, padded(header.size), at) // the name of a GNU volume
    } else {
      extensions = await readExtension(reading, header, extensions, at)
    }
  }
}

function readHeaderBlock(block: Buffer, at: TarPosition): HeaderBlock {
  const isWhole = block.length === BLOCK_SIZE
  if (isWhole && hasValidChecksum(block)) return parseHeaderBlock(block, at)
  if (at.offset > 0) {
    if (!isWhole) throw tarError('truncated', at, 'the archive ends within a header; it was cut off')
    throw tarError('corrupt', at, `no valid header here (its checksum is wrong); ${DAMAGED}`)
  }
  const format = detectFormat(block)
  const hint = format === undefined ? `its first ${block.length} bytes are no tar header` : `it looks like ${format}`
  throw new RootfsError('not-tar', `${at.archive}: not a tar archive, ${hint}; check what was given`, { offset: 0 })
}

/** At the end of the input, or at a block of zeros: only a second one, or the end of the input, may follow. */
async function checkEnd({ cursor }: Reading, first: Buffer, at: TarPosition): Promise<void> {
  if (first.length === 0) return
  const second = first.length < BLOCK_SIZE ? first : await cursor.read(BLOCK_SIZE)
  if (second.length === 0 || (second.length === BLOCK_SIZE && isZeroBlock(second))) return
  if (second.length < BLOCK_SIZE) throw tarError('truncated', at, 'the archive ends within a block; it was cut off')
  throw tarError('corrupt', at, `a single block of zeros between entries; ${DAMAGED}`)
}

/** A header that belongs to the next entry (or, global, to all that follow). */
async function readExtension(
  reading: Reading,
  { typeflag, name, size }: HeaderBlock,
  extensions: Extensions,
  at: TarPosition,
): Promise<Extensions> {
  if (!'xXgLK'.includes(typeflag)) {
    const place = { ...at, entry: name }
    throw tarError('unsupported', place, `entries of type ${JSON.stringify(typeflag)} are not known; leave it out`)
  }
  const bytes = typeflag === 'g' ? size : extensions.bytes + size
  const limit = reading.limits.extensionBytes
  if (bytes > limit) throw limitError(at, `the extended headers of one entry have ${bytes} bytes`, limit)
  const body = Buffer.from(await reading.cursor.read(size)) // a copy: the records are views and outlive the chunk
  if (body.length < size) throw tarError('truncated', at, 'the archive ends within an extended header; it was cut off')
  await skip(reading, padded(size) - size, at)
  if (typeflag === 'L') return { ...extensions, bytes, longName: untilNul(body) }
  if (typeflag === 'K') return { ...extensions, bytes, longLink: untilNul(body) }
  const records = parsePaxRecords(body, at)
  if (typeflag === 'g') {
    inherit(reading, records, at)
    return extensions
  }
  for (const record of records) extensions.pax.push(record)
  return { ...extensions, bytes }
}

function inherit(reading: Reading, records: readonly PaxRecord[], at: TarPosition): void {
  const byKeyword = new Map(reading.inherited.map((record) => [record.keyword, record]))
  for (const record of records) if (isInheritable(record)) byKeyword.set(record.keyword, record)
  reading.inherited = [...byKeyword.values()]
  const bytes = reading.inherited.reduce((sum, { keyword, value }) => sum + keyword.length + value.length, 0)
  const limit = reading.limits.extensionBytes
  if (bytes > limit) throw limitError(at, `the global headers have ${bytes} bytes`, limit)
}

async function readGnuSparse(reading: Reading, entry: TarEntry, block: Buffer, at: TarPosition): Promise<void> {
  const { extents, size } = await readGnuSparseMap(block, reading.cursor, reading.limits.extensionBytes, at)
  await readEntry(
    reading,
    { ...entry, header: { ...entry.header, size: entry.header.type === 'file' ? size : 0 }, sparse: { size, extents } },
    at,
  )
}

async function readEntry(reading: Reading, { header, stored, sparse }: TarEntry, at: TarPosition): Promise<void> {
  const { cursor, handler, limits, budget } = reading
  chargeEntry(budget, header, limits, at)
  let extents = sparse?.extents
  let content = stored
  if (sparse !== undefined) {
    if (extents === undefined) {
      const map = await readInlineMap(cursor, stored, limits.extensionBytes, at)
      extents = map.extents
      content -= map.bytes
    }
    checkSparseMap({ extents, size: header.size }, content, at)
  }
  const started = handler.entry(header)
  if (started !== undefined) await started
  if (header.type !== 'file') await skip(reading, content, at)
  else if (extents === undefined) await copyContent(reading, content, at)
  else await copySparse(reading, extents, header.size, at)
  await skip(reading, padded(stored) - stored, at)
  const ended = handler.end()
  if (ended !== undefined) await ended
}

async function copySparse(reading: Reading, extents: readonly Extent[], size: number, at: TarPosition): Promise<void> {
  let position = 0
  for (const { offset, length } of extents) {
    await writeZeros(reading.handler, offset - position)
    await copyContent(reading, length, at)
    position = offset + length
  }
  await writeZeros(reading.handler, size - position)
}

async function writeZeros(handler: TarHandler, length: number): Promise<void> {
  for (let left = length; left > 0; left -= ZEROS.length)
    await handler.data(ZEROS.subarray(0, Math.min(left, ZEROS.length)))
}

async function copyContent({ cursor, handler }: Reading, length: number, at: TarPosition): Promise<void> {
  for (let left = length; left > 0; ) {
    const bytes = cursor.some(left)
    if (bytes !== undefined) {
      left -= bytes.length
      const written = handler.data(bytes)
      if (written !== undefined) await written
    } else if (!(await cursor.fill())) {
      throw tarError('truncated', at, `the archive ends ${left} bytes before the end of its content; it was cut off`)
    }
  }
}

async function skip({ cursor }: Reading, length: number, at: TarPosition): Promise<void> {
  if (length === 0 || cursor.take(length) !== undefined) return
  if ((await cursor.skip(length)) === length) return
  throw tarError('truncated', at, 'the archive ends within the block that ends its content; it was cut off')
}

/** A size rounded up to whole blocks. */
function padded(size: number): number {
  return Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE
}

function untilNul(body: Buffer): string {
  const nul = body.indexOf(0)
  return body.toString('latin1', 0, nul === -1 ? body.length : nul)
}
