import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type ChunkStore, openFlist, readFile } from '@tf-images/flist'
import { formatBytes } from '../quantity-text.ts'
import type { FlistContent } from './flist-content.ts'
import { TAR_END, tarHeader, tarPadding } from './gnu-tar.ts'
import type { HubSession } from './hub-session.ts'

/** Written in pieces of about this size. */
const PIECE = 256 * 1024

/** Uploads the tree of a flist as an archive, from which the hub makes a flist of its own. */
export async function uploadArchive(
  session: HubSession,
  content: FlistContent,
  local: Pick<ChunkStore, 'get'>,
  name: string,
  update: (text: string) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'flist-archive-'))
  try {
    const path = join(folder, 'tree.tar.gz')
    await writeArchive(content.path, local, path, update, session.call.signal ?? undefined)
    const expect = { regular: content.summary.files, fullsize: content.summary.bytes }
    await session.hub.upload(path, name, { expect, ...session.call })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Writes the tree of a flist as a gzip'd tar: same flist, same bytes. Parents come before children, hard links are files of
 * their own, sockets are left out.
 */
export async function writeArchive(
  flist: string,
  local: Pick<ChunkStore, 'get'>,
  output: string,
  update: (text: string) => void = () => {},
  signal?: AbortSignal,
): Promise<void> {
  const options = signal ? { signal } : {}
  await pipeline(archiveBytes(flist, local, update, signal), createGzip(), createWriteStream(output), options)
}

async function* archiveBytes(
  path: string,
  local: Pick<ChunkStore, 'get'>,
  update: (text: string) => void,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  using flist = await openFlist(path)
  let pieces: Uint8Array[] = []
  let waiting = 0
  let written = 0
  for await (const bytes of entries()) {
    pieces.push(bytes)
    waiting += bytes.length
    if (waiting < PIECE) continue
    yield Buffer.concat(pieces)
    written += waiting
    update(`${formatBytes(written)} archived`)
    pieces = []
    waiting = 0
  }
  yield Buffer.concat([...pieces, TAR_END])

  async function* entries(): AsyncGenerator<Uint8Array> {
    for (const { path: inner, node } of flist.walk()) {
      const header = tarHeader(inner, node)
      if (header) yield header
      if (node.type !== 'file') continue
      yield* readFile(node, local, { format: flist.chunkFormat, ...(signal ? { signal } : {}) })
      yield tarPadding(node.size)
    }
  }
}
