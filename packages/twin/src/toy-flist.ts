import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { InspectFlist } from './inspection.ts'

/** The seed of every test's tokens. */
export const SEED = Buffer.alloc(32, 7)

/** Stands in for blake2b: any 16 bytes that follow from the data will do here. */
export const toyChunkId = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest().subarray(0, 16)

/** A toy flist is JSON: path → bytes of a regular file (chunked as one), or null for a directory. */
export function toyFlist(tree: Readonly<Record<string, string | null>>): Buffer {
  return Buffer.from(JSON.stringify(tree))
}

/** Opens toy flists, and rejects everything that is none. */
export const inspectToyFlist: InspectFlist = async (path) => {
  const tree: Record<string, string | null> = JSON.parse(await readFile(path, 'utf8'))
  const entries = Object.entries(tree).map(([name, text]) => {
    const common = { path: Buffer.from(name).toString('latin1') }
    if (text === null) return { ...common, type: 'directory' as const, size: 4096, chunkIds: [] }
    const chunkIds = text === '' ? [] : [toyChunkId(Buffer.from(text))]
    return { ...common, type: 'regular' as const, size: Buffer.byteLength(text), chunkIds }
  })
  return { entries }
}
