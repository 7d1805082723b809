import { appendFileSync, readFileSync, rmSync, statSync } from 'node:fs'
import { blake2b } from '../codec/blake2b.ts'
import type { CodecKind } from '../codec/codec-kind.ts'
import { createIdSet, type IdSet } from '../id-set.ts'

/**
 * Ids of chunks of one format by their keys, from earlier runs: a hint that saves encoding a chunk to learn its id. Who uses
 * one must ask the store for the id.
 */
export type KnownChunks = {
  /** Plain bytes from which on it is worth to be used: to load it can take longer than to encode fewer. */
  readonly worthFrom: number
  /** The id for the key that begins at `at`, a view that holds until the next pair is remembered. */
  idOf(keys: Uint8Array, at: number): Uint8Array | undefined
  /** Keeps pairs, each a key and its id, one pair after the other. That they could not be kept is no failure. */
  remember(pairs: Uint8Array): void
}

/** The version is that of the encoding too: with another compressor the same key has another id. */
const TABLES = {
  flist: { header: Buffer.from('flist keys 1\n\0\0\0', 'latin1'), hashBytes: 16 },
  fl: { header: Buffer.from('fl keys 1\n\0\0\0\0\0\0', 'latin1'), hashBytes: 32 },
} as const satisfies Readonly<Record<CodecKind, Table>>
const SUM_BYTES = 16
const COUNT_BYTES = 4

const FEWEST_PAIRS = 1024

/** To load a byte of a table takes as long as to encode so many plain ones, and most of these are new. */
const PLAIN_BYTES_EACH = 8
/** A table of so few bytes is loaded at once. */
const SMALL_BYTES = 64 << 10

/** How a table begins, and the bytes of a key or an id. */
type Table = { readonly header: Buffer; readonly hashBytes: number }

/** Bounds memory (about 16 MB) and the time to load: 130,000 chunks, of a `.fl` half as many. A longer table is begun anew. */
const MOST_BYTES = 4 << 20

/**
 * The table of a format in `file`: a header, then blocks, each appended by one write: u32 count (little-endian), as many keys each
 * followed by its id, and the BLAKE2b-128 of all this. A table that is damaged, of another version or too long is
 * removed, and so begins anew. Several processes may append; what a kill cut off is such a damage.
 */
export function openKnownChunks(file: string, kind: CodecKind = 'flist'): KnownChunks {
  const table = TABLES[kind]
  const pairBytes = 2 * table.hashBytes
  const bytes = sizeOf(file)
  let pairs: Pairs | undefined
  const known = () => {
    pairs ??= load(file, table)
    return pairs
  }

  return {
    get worthFrom() {
      return pairs !== undefined || bytes <= SMALL_BYTES ? 0 : PLAIN_BYTES_EACH * bytes
    },
    idOf: (keys, at) => known().idOf(keys, at),
    remember(added) {
      const fresh: Uint8Array[] = []
      for (let at = 0; at < added.length; at += pairBytes) {
        if (known().set(added, at)) fresh.push(added.subarray(at, at + pairBytes))
      }
      if (fresh.length === 0) return
      try {
        appendFileSync(
          file,
          Buffer.concat(sizeOf(file) === 0 ? [table.header, encodeBlock(fresh)] : [encodeBlock(fresh)]),
        )
      } catch {
        // A full disk or a folder that can only be read: the next run encodes again.
      }
    },
  }
}

/** The keys of those chunks of a batch that were wanted, each with its id behind it. */
export function pairsOf(
  keys: Uint8Array,
  wanted: readonly number[],
  ids: Uint8Array,
  { keyBytes, idBytes }: { readonly keyBytes: number; readonly idBytes: number },
): Uint8Array {
  const pairs = new Uint8Array(wanted.length * (keyBytes + idBytes))
  for (const [i, piece] of wanted.entries()) {
    const at = i * (keyBytes + idBytes)
    pairs.set(keys.subarray(piece * keyBytes, (piece + 1) * keyBytes), at)
    pairs.set(ids.subarray(i * idBytes, (i + 1) * idBytes), at + keyBytes)
  }
  return pairs
}

/** Bytes of a file; 0 when there is none, or it cannot be looked at. */
function sizeOf(file: string): number {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0
  } catch {
    return 0
  }
}

function encodeBlock(pairs: readonly Uint8Array[]): Buffer {
  const count = Buffer.alloc(COUNT_BYTES)
  count.writeUInt32LE(pairs.length)
  const body = Buffer.concat([count, ...pairs])
  return Buffer.concat([body, blake2b(body, SUM_BYTES)])
}

/** Pairs in memory: no objects, of which there would be hundred thousands. */
type Pairs = {
  idOf(keys: Uint8Array, at: number): Uint8Array | undefined
  /** Takes the pair that begins at `at`, in place of another with its key; says whether anything changed. */
  set(pairs: Uint8Array, at: number): boolean
}

function createPairs(hashBytes: number, expected = 0): Pairs {
  const keys: IdSet = createIdSet(hashBytes, expected)
  let ids = new Uint8Array(Math.max(expected, FEWEST_PAIRS) * hashBytes)

  return {
    idOf(bytes, at) {
      const index = keys.indexOf(bytes, at)
      return index < 0 ? undefined : ids.subarray(index * hashBytes, (index + 1) * hashBytes)
    },
    set(pairs, at) {
      let isChanged = keys.add(pairs, at)
      const start = (isChanged ? keys.size - 1 : keys.indexOf(pairs, at)) * hashBytes
      if (start === ids.length) {
        const grown = new Uint8Array(2 * ids.length)
        grown.set(ids)
        ids = grown
      }
      for (let i = 0; i < hashBytes; i++) {
        const byte = pairs[at + hashBytes + i] ?? 0
        isChanged ||= ids[start + i] !== byte
        ids[start + i] = byte
      }
      return isChanged
    },
  }
}

function load(file: string, table: Table): Pairs {
  try {
    const size = sizeOf(file)
    if (size === 0) return createPairs(table.hashBytes)
    const pairs = size <= MOST_BYTES ? decode(readFileSync(file), table) : undefined
    if (pairs) return pairs
    rmSync(file, { force: true })
  } catch {
    // Not to be read: as if it were not there.
  }
  return createPairs(table.hashBytes)
}

/** All pairs, or nothing when any of it is wrong. */
function decode(bytes: Buffer, { header, hashBytes }: Table): Pairs | undefined {
  if (!bytes.subarray(0, header.length).equals(header)) return undefined
  const pairs = createPairs(hashBytes, Math.floor(bytes.length / (2 * hashBytes)))
  for (let at = header.length; at < bytes.length; ) {
    if (at + COUNT_BYTES > bytes.length) return undefined
    const end = at + COUNT_BYTES + 2 * hashBytes * bytes.readUInt32LE(at)
    if (end + SUM_BYTES > bytes.length) return undefined
    const sum = blake2b(bytes.subarray(at, end), SUM_BYTES)
    if (!bytes.subarray(end, end + SUM_BYTES).equals(sum)) return undefined
    for (at += COUNT_BYTES; at < end; at += 2 * hashBytes) pairs.set(bytes, at)
    at = end + SUM_BYTES
  }
  return pairs
}
