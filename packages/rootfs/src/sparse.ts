import type { ByteCursor } from './byte-cursor.ts'
import { type TarPosition, tarError } from './error.ts'
import { BLOCK_SIZE } from './header-block.ts'
import { type PaxRecord, paxInteger, paxName } from './pax.ts'
import { limitError } from './tar-limits.ts'
import { parseTarNumber } from './tar-number.ts'

/** A piece of a sparse file that the archive holds; between the pieces the file is zeros. */
export type Extent = { readonly offset: number; readonly length: number }

/** How a sparse file lies in the archive: its pieces, one after the other, and its logical size. */
export type SparseMap = { readonly extents: readonly Extent[]; readonly size: number }

/**
 * What the GNU.sparse.* records of an entry say (GNU tar manual, "Storing Sparse Files"): the map itself in the formats
 * 0.0 and 0.1, or, in 1.0, that the map stands in front of the content.
 */
export type PaxSparse = {
  readonly size: number
  readonly name?: string
  readonly extents?: readonly Extent[]
}

/** The map of GNU tar's own format (type `S`): four pieces in the header, 21 more in each extension block. */
export async function readGnuSparseMap(
  header: Buffer,
  cursor: ByteCursor,
  limit: number,
  at: TarPosition,
): Promise<SparseMap> {
  const size = sparseNumber(header, 483, at)
  const extents = gnuExtents(header, 386, 4, at)
  let isExtended = header[482] === 1
  for (let bytes = BLOCK_SIZE; isExtended; bytes += BLOCK_SIZE) {
    if (bytes > limit) throw limitError(at, `its sparse map has more than ${limit} bytes`, limit)
    const block = await cursor.read(BLOCK_SIZE)
    if (block.length < BLOCK_SIZE) throw tarError('truncated', at, 'the archive ends in its sparse map; it was cut off')
    extents.push(...gnuExtents(block, 0, 21, at))
    isExtended = block[504] === 1
  }
  return { extents, size }
}

function gnuExtents(block: Buffer, start: number, count: number, at: TarPosition): Extent[] {
  const extents: Extent[] = []
  for (let slot = start; slot < start + count * 24; slot += 24) {
    if (block[slot + 12] === 0) break // an unused slot; a used one has a number here, if only a zero
    extents.push({ offset: sparseNumber(block, slot, at), length: sparseNumber(block, slot + 12, at) })
  }
  return extents
}

function sparseNumber(block: Buffer, start: number, at: TarPosition): number {
  const value = parseTarNumber(block, start, 12)
  if (value !== undefined && value >= 0) return value
  throw damagedMap(at, `${JSON.stringify(block.toString('latin1', start, start + 12))} is not a number`)
}

/** Throws `unsupported` for a format that is not known yet. */
export function interpretPaxSparse(records: readonly PaxRecord[], at: TarPosition): PaxSparse {
  const last = new Map<string, string>()
  const offsets: number[] = []
  const lengths: number[] = []
  const integer = (keyword: string, text: string) => paxInteger(text, keyword, at) ?? 0
  for (const { keyword, value } of records) {
    const text = value.toString('latin1')
    if (keyword === 'GNU.sparse.offset') offsets.push(integer(keyword, text))
    else if (keyword === 'GNU.sparse.numbytes') lengths.push(integer(keyword, text))
    else last.set(keyword, text)
  }
  const version = `${last.get('GNU.sparse.major') ?? '0'}.${last.get('GNU.sparse.minor') ?? '0'}`
  if (!['0.0', '0.1', '1.0'].includes(version)) {
    throw tarError('unsupported', at, `sparse format ${version} is not known; store the file whole or in format 1.0`)
  }
  const name = paxName(last.get('GNU.sparse.name') ?? '', 'GNU.sparse.name', at)
  const size = integer('GNU.sparse.realsize', last.get('GNU.sparse.realsize') ?? last.get('GNU.sparse.size') ?? '0')
  const known = { size, ...(name === undefined ? {} : { name }) }
  if (version === '1.0') return known

  const map = last.get('GNU.sparse.map')
  const numbers = map === undefined || map === '' ? [] : map.split(',').map((text) => integer('GNU.sparse.map', text))
  if (map === undefined && offsets.length !== lengths.length) throw damagedMap(at, 'an offset lacks its length')
  if (numbers.length % 2 !== 0) throw damagedMap(at, 'an offset lacks its length')
  const extents =
    map === undefined ? offsets.map((offset, index) => ({ offset, length: lengths[index] ?? 0 })) : pairs(numbers)
  return { ...known, extents }
}

/**
 * The map of format 1.0, in front of the content: lines with the number of pieces and the offset and length of each,
 * filled up to whole blocks. `stored` is what the archive holds for the entry.
 *
 * @returns the pieces and how many bytes the map took
 */
export async function readInlineMap(
  cursor: ByteCursor,
  stored: number,
  limit: number,
  at: TarPosition,
): Promise<{ extents: Extent[]; bytes: number }> {
  const numbers: number[] = []
  let rest = ''
  let bytes = 0
  while (numbers.length === 0 || numbers.length < 1 + 2 * (numbers[0] ?? 0)) {
    bytes += BLOCK_SIZE
    if (bytes > stored) throw damagedMap(at, 'it is longer than the entry')
    if (bytes > limit) throw limitError(at, `its sparse map has more than ${limit} bytes`, limit)
    const block = await cursor.read(BLOCK_SIZE)
    if (block.length < BLOCK_SIZE) throw tarError('truncated', at, 'the archive ends in its sparse map; it was cut off')
    const lines = (rest + block.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (numbers.length > 0 && numbers.length === 1 + 2 * (numbers[0] ?? 0)) break
      if (!/^\d{1,16}$/.test(line)) throw damagedMap(at, `${JSON.stringify(line.slice(0, 40))} is not a number`)
      numbers.push(Number(line))
    }
  }
  return { extents: pairs(numbers.slice(1)), bytes }
}

/** Throws `corrupt` unless the pieces follow each other, lie within the file and add up to what the archive holds. */
export function checkSparseMap({ extents, size }: SparseMap, stored: number, at: TarPosition): void {
  let position = 0
  let total = 0
  for (const { offset, length } of extents) {
    if (offset < position || offset + length > size) {
      throw damagedMap(at, `the piece of ${length} bytes at ${offset} does not fit in the file of ${size} bytes`)
    }
    position = offset + length
    total += length
  }
  if (total !== stored) throw damagedMap(at, `its pieces have ${total} bytes, the archive holds ${stored}`)
}

function pairs(numbers: readonly number[]): Extent[] {
  const extents: Extent[] = []
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    extents.push({ offset: numbers[at] ?? 0, length: numbers[at + 1] ?? 0 })
  }
  return extents
}

function damagedMap(at: TarPosition, problem: string): Error {
  return tarError('corrupt', at, `the sparse map is wrong: ${problem}; the archive is damaged or was made wrongly`)
}
