import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, posix, relative } from 'node:path'
import type { FlistMaker } from './flist-maker.ts'
import type { FlistContents, FlistEntry, InspectFlist } from './inspection.ts'

/** The seed of every test's tokens. */
export const SEED = Buffer.alloc(32, 7)

/** Stands in for blake2b: any 16 bytes that follow from the data will do here. */
export const toyChunkId = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest().subarray(0, 16)

/** A toy flist is JSON: path → bytes of a regular file (chunked as one), or null for a directory. */
export function toyFlist(tree: Readonly<Record<string, string | null>>): Buffer {
  return Buffer.from(JSON.stringify(tree))
}

const ATTRIBUTES = { uid: 0, gid: 0, mtime: 1_600_000_000 }

/** Entries as a flist's contents: their metadata is empty, their root is there although it is not among them. */
export function toyContents(entries: readonly FlistEntry[]): FlistContents {
  const root = { ...ATTRIBUTES, path: '', type: 'directory' as const, size: 0, chunkIds: [], mode: 0o755 }
  return {
    entries,
    metadata: {},
    find: (path) => [root, ...entries].find((entry) => entry.path === path),
    list: (path) => entries.filter((entry) => posix.dirname(`/${entry.path}`) === `/${path}`),
  }
}

/** Opens toy flists, and rejects everything that is none. */
export const inspectToyFlist: InspectFlist = async (path) => {
  const tree: Record<string, string | null> = JSON.parse(await readFile(path, 'utf8'))
  const entries = Object.entries(tree).map(([name, text]): FlistEntry => {
    const common = { ...ATTRIBUTES, path: Buffer.from(name).toString('latin1') }
    if (text === null) return { ...common, type: 'directory', size: 4096, chunkIds: [], mode: 0o755 }
    const chunkIds = text === '' ? [] : [toyChunkId(Buffer.from(text))]
    return { ...common, type: 'regular', size: Buffer.byteLength(text), chunkIds, mode: 0o644 }
  })
  return toyContents(entries)
}

/** Makes toy flists; the metadata it is given is the file `.metadata`. The only image there is has the name `toy:latest`. */
export const toyFlistMaker: FlistMaker = {
  async fromDirectory(directory, output, { chunks, metadata }) {
    const tree: Record<string, string | null> = { '.metadata': JSON.stringify(metadata) }
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile()) tree[relative(directory, path)] = await readFile(path, 'utf8')
      if (entry.isDirectory()) tree[relative(directory, path)] = null
    }
    for (const text of Object.values(tree)) await storeToyChunk(chunks, text ?? '')
    await writeFile(output, toyFlist(tree))
  },
  async fromImage(reference, output, { chunks }) {
    if (reference !== 'toy:latest') throw new Error(`${reference}: no such image`)
    await storeToyChunk(chunks, reference)
    await writeFile(output, toyFlist({ image: reference }))
  },
  async merge(sources, output) {
    const trees = await Promise.all(sources.map(async (source) => JSON.parse(await readFile(source, 'utf8'))))
    await writeFile(output, toyFlist(Object.assign({}, ...trees.reverse())))
  },
}

async function storeToyChunk(chunks: string, text: string): Promise<void> {
  const id = toyChunkId(Buffer.from(text)).toString('hex')
  await mkdir(join(chunks, id.slice(0, 2)), { recursive: true })
  await writeFile(join(chunks, id.slice(0, 2), id.slice(2)), text)
}
