import { appendFileSync, readFileSync, rmSync, statSync } from 'node:fs'
import { blake2b } from '../codec/blake2b.ts'
import type { CodecKind } from '../codec/codec-kind.ts'

/**
 * Ids of chunks of one format by their keys, as byte strings, from earlier runs: a hint that saves encoding a chunk to
 * learn its id. Who uses one must ask the store for the id.
 */
export type KnownChunks = {
  idOf(key: string): string | undefined
  /** Keeps pairs for later runs. That they could not be kept is no failure. */
  remember(pairs: readonly { readonly key: string; readonly id: string }[]): void
}

/** The version is that of the encoding too: with another compressor the same key has another id. */
const TABLES = {
  flist: { header: Buffer.from('flist keys 1\n\0\0\0', 'latin1'), hashBytes: 16 },
  fl: { header: Buffer.from('fl keys 1\n\0\0\0\0\0\0', 'latin1'), hashBytes: 32 },
} as const satisfies Readonly<Record<CodecKind, Table>>
const SUM_BYTES = 16
const COUNT_BYTES = 4

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
  let pairs: Map<string, string> | undefined
  const known = () => {
    pairs ??= load(file, table)
    return pairs
  }

  return {
    idOf: (key) => known().get(key),
    remember(added) {
      const fresh = added.filter(({ key, id }) => known().get(key) !== id)
      if (fresh.length === 0) return
      for (const { key, id } of fresh) known().set(key, id)
      try {
        const isNew = statSync(file, { throwIfNoEntry: false }) === undefined
        appendFileSync(file, Buffer.concat(isNew ? [table.header, encodeBlock(fresh)] : [encodeBlock(fresh)]))
      } catch {
        // A full disk or a folder that can only be read: the next run encodes again.
      }
    },
  }
}

function encodeBlock(pairs: readonly { readonly key: string; readonly id: string }[]): Buffer {
  const count = Buffer.alloc(COUNT_BYTES)
  count.writeUInt32LE(pairs.length)
  const body = Buffer.concat([count, Buffer.from(pairs.map(({ key, id }) => key + id).join(''), 'latin1')])
  return Buffer.concat([body, blake2b(body, SUM_BYTES)])
}

function load(file: string, table: Table): Map<string, string> {
  try {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
    if (size === 0) return new Map()
    const pairs = size <= MOST_BYTES ? decode(readFileSync(file), table) : undefined
    if (pairs) return pairs
    rmSync(file, { force: true })
  } catch {
    // Not to be read: as if it were not there.
  }
  return new Map()
}

/** All pairs, or nothing when any of it is wrong. */
function decode(bytes: Buffer, { header, hashBytes }: Table): Map<string, string> | undefined {
  if (!bytes.subarray(0, header.length).equals(header)) return undefined
  const pairs = new Map<string, string>()
  for (let at = header.length; at < bytes.length; ) {
    if (at + COUNT_BYTES > bytes.length) return undefined
    const end = at + COUNT_BYTES + 2 * hashBytes * bytes.readUInt32LE(at)
    if (end + SUM_BYTES > bytes.length) return undefined
    const sum = blake2b(bytes.subarray(at, end), SUM_BYTES)
    if (!bytes.subarray(end, end + SUM_BYTES).equals(sum)) return undefined
    for (at += COUNT_BYTES; at < end; at += 2 * hashBytes) {
      const text = bytes.toString('latin1', at, at + 2 * hashBytes)
      pairs.set(text.slice(0, hashBytes), text.slice(hashBytes))
    }
    at = end + SUM_BYTES
  }
  return pairs
}
