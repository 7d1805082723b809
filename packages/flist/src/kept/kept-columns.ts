import { FLIST_CHUNKS } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import type { Owner } from '../format/acl.ts'
import type { KeptSubtree } from '../tree.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/**
 * What is kept of a tree, little-endian: the numbers of directories, of owners and of bytes of each part (u32), filled up to
 * 32 bytes; for all directories, in the order of the walk, the sum of file sizes of each and all below it (f64); the same for
 * each of `COLUMNS`; the owners (mode, uid, gid: u32 each); the keys of all directories (16 bytes each); the owners each of them
 * names (a bit each, in as many bytes as all need); then the parts: records, nodes as the tree hash takes them, ids of chunks.
 */
export type KeptColumns = {
  readonly owners: readonly Owner[]
  /** The number of the first directory that is not below this one. */
  end(index: number): number
  /** Whether a flist holds all of the directory and what is below it. */
  isWhole(index: number): boolean
  record(index: number): Uint8Array
  key(index: number): string
  /** Of the directory and all below it, like the next ones. */
  hashed(index: number): Uint8Array
  chunkIds(index: number): Uint8Array
  counts(index: number): KeptSubtree['counts']
  ownersOf(index: number): Owner[]
}

/** Each u32. The record of a directory ends at its place, and begins at that of the directory before. */
export const COLUMNS = [
  'end',
  'isWhole',
  'record',
  'hashStart',
  'hashEnd',
  'idStart',
  'idEnd',
  'files',
  'symlinks',
  'specials',
  'chunks',
] as const
export type Column = (typeof COLUMNS)[number]

const HEADER_BYTES = 32
const KEY_BYTES = 16
const OWNER_BYTES = 12
const ID_BYTES = FLIST_CHUNKS.idBytes

/** A bit for each owner of each directory: many would take more than the tree. */
export const MAX_OWNERS = 1024

/** What stands in a {@link KeptColumns}, before it is bytes. */
export type KeptParts = {
  readonly columns: Readonly<Record<Column, readonly number[]>>
  readonly sizes: readonly number[]
  readonly keys: readonly string[]
  readonly owners: readonly Owner[]
  /** Of each directory the places of its owners. */
  readonly ownersOf: readonly ReadonlySet<number>[]
  readonly parts: readonly [records: GrowingBytes, hashed: GrowingBytes, chunkIds: GrowingBytes]
}

/** Gives the bytes in pieces, as they are many. */
export function writeColumns({ columns, sizes, keys, owners, ownersOf, parts }: KeptParts): Uint8Array[] {
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
    ...parts.flatMap(({ pieces }) => pieces()),
  ]
}

function bytesOf({ buffer }: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer)
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
  const [records, hashes, ids] = [take(lengths[0] ?? 0), take(lengths[1] ?? 0), take(lengths[2] ?? 0)] as const
  const owners = Array.from({ length: ownerCount }, (_, i) => ownerAt(list, i))
  const value = (column: Column, index: number) => columns[column][index] ?? 0
  checkPlaces()

  /** Each directory lies within the one above it and behind the one before it, with all its places: nothing is there twice. */
  function checkPlaces(): void {
    if (at !== bytes.length || value('end', 0) !== count) throw damaged()
    /** The directories above the next one. */
    const above: number[] = []
    let [hashPlace, idPlace] = [0, 0]
    for (let i = 0; i < count; i++) {
      while (i >= value('end', above.at(-1) ?? 0)) above.pop()
      const parent = above.at(-1)
      const [end, hashEnd, idEnd] =
        parent === undefined
          ? [count, hashes.length, ids.length]
          : [value('end', parent), value('hashEnd', parent), value('idEnd', parent)]
      const isPlaced =
        value('end', i) > i &&
        value('end', i) <= end &&
        value('record', i) >= value('record', i - 1) &&
        value('record', i) <= records.length &&
        hashPlace <= value('hashStart', i) &&
        value('hashStart', i) <= value('hashEnd', i) &&
        value('hashEnd', i) <= hashEnd &&
        idPlace <= value('idStart', i) &&
        value('idStart', i) <= value('idEnd', i) &&
        value('idEnd', i) <= idEnd &&
        value('idEnd', i) % ID_BYTES === 0
      if (!isPlaced) throw damaged()
      // Of a directory that ends here the next one comes behind its end.
      const isLast = value('end', i) === i + 1
      hashPlace = isLast ? value('hashEnd', i) : value('hashStart', i)
      idPlace = isLast ? value('idEnd', i) : value('idStart', i)
      above.push(i)
    }
  }

  return {
    owners,
    end: (index) => value('end', index),
    isWhole: (index) => value('isWhole', index) === 1,
    record: (index) => records.subarray(value('record', index - 1), value('record', index)),
    key: (index) => keys.slice(2 * KEY_BYTES * index, 2 * KEY_BYTES * (index + 1)),
    hashed: (index) => hashes.subarray(value('hashStart', index), value('hashEnd', index)),
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
      for (let i = index * ownerBytes; i < end; i++) {
        const place = i % ownerBytes
        found[place] = (found[place] ?? 0) | (bits[i] ?? 0)
      }
      return owners.filter((_, i) => (found[i >> 3] ?? 0) & (1 << (i & 7)))
    },
  }
}

function ownerAt(list: Uint32Array, i: number): Owner {
  const [mode = 0, uid = 0, gid = 0] = list.subarray((OWNER_BYTES / 4) * i, (OWNER_BYTES / 4) * (i + 1))
  return { mode, uid, gid }
}
