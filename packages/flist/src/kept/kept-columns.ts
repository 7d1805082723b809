import { FLIST_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import type { Owner } from '../format/acl.ts'
import { byteString } from '../format/byte-string.ts'
import type { DirectoryHashes, KeptSubtree } from '../tree.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/**
 * What is kept of a tree, little-endian: the numbers of directories, of owners and of bytes of each part (u32); for all directories,
 * in the order of the walk, the sum of file sizes of each and all below it (f64); the same for each of `COLUMNS`; the owners (mode,
 * uid, gid: u32 each); the keys of all directories (16 bytes each); the owners each of them names (a bit each, in as many bytes as all
 * need); the hashes of each of them (64 bytes); then the parts: records, ids of chunks; at last how many bytes the ids have (u32), for
 * who looks for them first.
 */
export type KeptColumns = {
  readonly owners: readonly Owner[]
  /** The number of the first directory that is not below this one. */
  end(index: number): number
  /** Whether no record of the directory and what is below it is too large for the reference: a writer has something to say of these. */
  isWhole(index: number): boolean
  record(index: number): Uint8Array
  key(index: number): string
  hashes(index: number): DirectoryHashes
  /** Of the directory and all below it, like the next ones. */
  chunkIds(index: number): Uint8Array
  counts(index: number): KeptSubtree['counts']
  ownersOf(index: number): Owner[]
}

/** Each u32. The record of a directory ends at its place, and begins at that of the directory before. */
export const COLUMNS = [
  'end',
  'isWhole',
  'record',
  'idStart',
  'idEnd',
  'files',
  'symlinks',
  'specials',
  'chunks',
] as const
export type Column = (typeof COLUMNS)[number]

const HEADER_BYTES = 16
const KEY_BYTES = 16
const OWNER_BYTES = 12
const HASH_BYTES = 32
const LENGTH_BYTES = 4
const ID_BYTES = FLIST_CHUNKS.idBytes

/** A bit for each owner of each directory: many would take more than the tree. */
export const MAX_OWNERS = 1024

/** What stands in a {@link KeptColumns}, before it is bytes. */
export type ColumnSource = {
  readonly columns: Readonly<Record<Column, readonly number[]>>
  readonly sizes: readonly number[]
  readonly keys: readonly string[]
  readonly owners: readonly Owner[]
  /** Of each directory the places of its owners. */
  readonly ownersOf: readonly ReadonlySet<number>[]
  readonly hashes: readonly DirectoryHashes[]
  readonly parts: readonly [records: GrowingBytes, chunkIds: GrowingBytes]
}

/** Gives the bytes in pieces, as they are many. */
export function writeColumns({ columns, sizes, keys, owners, ownersOf, hashes, parts }: ColumnSource): Uint8Array[] {
  const count = keys.length
  const ownerBytes = Math.ceil(owners.length / 8)
  const header = Buffer.alloc(HEADER_BYTES)
  for (const [i, value] of [count, owners.length, ...parts.map(({ length }) => length)].entries()) {
    header.writeUInt32LE(value, 4 * i)
  }
  const names = Buffer.from(keys.join(''), 'hex')
  const bits = Buffer.alloc(count * ownerBytes)
  for (const [i, places] of ownersOf.entries()) {
    for (const place of places) {
      const at = i * ownerBytes + (place >> 3)
      bits[at] = (bits[at] ?? 0) | (1 << (place & 7))
    }
  }
  const list = owners.flatMap(({ mode, uid, gid }) => [mode, uid, gid])
  return [
    header,
    bytesOf(new Float64Array(sizes)),
    ...COLUMNS.map((column) => bytesOf(new Uint32Array(columns[column]))),
    bytesOf(new Uint32Array(list)),
    names,
    bits,
    Buffer.from(hashes.map(({ content, times }) => content + times).join(''), 'latin1'),
    ...parts.flatMap(({ pieces }) => pieces()),
    bytesOf(new Uint32Array([parts[1].length])),
  ]
}

function bytesOf({ buffer }: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer)
}

/** The ids of all chunks, from bytes that end with a kept tree; where these are damaged any ids, or none. */
export function chunkIdsAtEnd(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - LENGTH_BYTES
  if (end < 0) return new Uint8Array()
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true)
  return length <= end && length % ID_BYTES === 0 ? bytes.subarray(end - length, end) : new Uint8Array()
}

/** @throws FlistError `corrupt` when the bytes are not as `writeColumns` writes them; what the parts hold is not looked at */
export function readColumns(bytes: Uint8Array, name: string): KeptColumns {
  const damaged = () => new FlistError('corrupt', `${name}: is no kept tree, or damaged; delete it`)
  let at = 0
  const take = (length: number) => {
    if (length > bytes.length - at) throw damaged()
    at += length
    return bytes.subarray(at - length, at)
  }
  // Copied, as arrays of numbers begin at multiples of their size.
  const numbers = (length: number) => new Uint32Array(new Uint8Array(take(4 * length)).buffer)
  const [count = 0, ownerCount = 0, ...lengths] = numbers(HEADER_BYTES / 4)
  if (count === 0 || ownerCount > MAX_OWNERS) throw damaged()
  const sizes = new Float64Array(new Uint8Array(take(8 * count)).buffer)
  const columns = Object.fromEntries(COLUMNS.map((column) => [column, numbers(count)])) as Record<Column, Uint32Array>
  const list = numbers((OWNER_BYTES / 4) * ownerCount)
  const keys = Buffer.from(take(KEY_BYTES * count)).toString('hex')
  const ownerBytes = Math.ceil(ownerCount / 8)
  const bits = take(count * ownerBytes)
  const part = (index: number) => take(lengths[index] ?? 0)
  const hashes = byteString(take(2 * HASH_BYTES * count))
  const [records, ids] = [part(0), part(1)] as const
  const [idBytes] = numbers(1)
  const owners = Array.from({ length: ownerCount }, (_, i) => ownerAt(list, i))
  const value = (column: Column, index: number) => columns[column][index] ?? 0
  if (at !== bytes.length || idBytes !== ids.length || !areOrdered(columns.record, records.length)) throw damaged()
  const above = directoriesAbove(columns.end)
  if (!above) throw damaged()
  if (!areNested(columns.idStart, columns.idEnd, above, ids.length)) throw damaged()
  if (columns.idEnd.some((end) => end % ID_BYTES !== 0)) throw damaged()

  return {
    owners,
    end: (index) => value('end', index),
    isWhole: (index) => value('isWhole', index) === 1,
    record: (index) => records.subarray(value('record', index - 1), value('record', index)),
    key: (index) => keys.slice(2 * KEY_BYTES * index, 2 * KEY_BYTES * (index + 1)),
    hashes(index) {
      const [start, middle, end] = [2 * index, 2 * index + 1, 2 * index + 2].map((i) => HASH_BYTES * i)
      return { content: hashes.slice(start, middle), times: hashes.slice(middle, end) }
    },
    chunkIds: (index) => ids.subarray(value('idStart', index), value('idEnd', index)),
    counts: (index) => ({
      files: value('files', index),
      directories: value('end', index) - index,
      symlinks: value('symlinks', index),
      specials: value('specials', index),
      bytes: sizes[index] ?? 0,
      chunks: value('chunks', index),
    }),
    ownersOf(index) {
      const found = new Uint8Array(ownerBytes)
      const end = value('end', index) * ownerBytes
      for (let at = index * ownerBytes; at < end; at += ownerBytes) {
        for (let i = 0; i < ownerBytes; i++) found[i] = (found[i] ?? 0) | (bits[at + i] ?? 0)
      }
      return owners.filter((_, i) => (found[i >> 3] ?? 0) & (1 << (i & 7)))
    },
  }
}

function areOrdered(places: Uint32Array, last: number): boolean {
  return places.every((place, i) => place >= (places[i - 1] ?? 0)) && (places.at(-1) ?? 0) <= last
}

/** The number of the directory above each, the root's its own; undefined when one is not within that above it. */
function directoriesAbove(ends: Uint32Array): Uint32Array | undefined {
  const above = new Uint32Array(ends.length)
  if (ends[0] !== ends.length) return undefined
  for (let i = 1, parent = 0; i < ends.length; i++) {
    while (i >= (ends[parent] ?? 0)) parent = above[parent] ?? 0
    const end = ends[i] ?? 0
    if (end <= i || end > (ends[parent] ?? 0)) return undefined
    above[i] = parent
    parent = i
  }
  return above
}

/** Whether the stretch of each directory lies in that of the one above it and behind that of the one before: nothing is there twice. */
function areNested(starts: Uint32Array, ends: Uint32Array, above: Uint32Array, bytes: number): boolean {
  /** How much of the stretch of each is passed. */
  const passed = starts.slice()
  for (let i = 0; i < starts.length; i++) {
    const parent = above[i] ?? 0
    const [start, end] = [starts[i] ?? 0, ends[i] ?? 0]
    const least = i === 0 ? 0 : (passed[parent] ?? 0)
    if (start < least || end < start || end > (i === 0 ? bytes : (ends[parent] ?? 0))) return false
    if (i > 0) passed[parent] = end
  }
  return true
}

function ownerAt(list: Uint32Array, i: number): Owner {
  const [mode = 0, uid = 0, gid = 0] = list.subarray((OWNER_BYTES / 4) * i, (OWNER_BYTES / 4) * (i + 1))
  return { mode, uid, gid }
}
