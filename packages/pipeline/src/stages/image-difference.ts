import { type ChunkReader, type ChunkStore, type Flist, readFile } from '@tf-images/flist'
import { readFlistContent } from '../publishing/flist-content.ts'
import { readStorage } from '../publishing/storage-report.ts'
import { openFlistAt } from '../read.ts'
import { comparePackages, type PackageDifference, parsePackages } from './packages.ts'

/** How a flist differs from the one that users follow now. */
export type ImageDifference = {
  /** The published one; absent where there is none. */
  readonly before?: { readonly bytes: number; readonly files: number }
  readonly packages: PackageDifference
  /** What the backend has of its chunks, and what it lacks; plain bytes. */
  readonly chunks: { readonly newBytes: number; readonly newChunks: number; readonly sharedBytes: number }
}

/** Where the package managers of distributions keep what is installed. */
const PACKAGE_FILES = ['var/lib/dpkg/status', 'lib/apk/db/installed', 'usr/lib/apk/db/installed']
/** No package list is as long. */
const MOST_BYTES = 64 << 20

/**
 * Compares a converted flist with the published one. Reads both, and of their contents the lists of packages only.
 *
 * @param published address of the link; undefined where nothing is published
 * @throws FlistError
 */
export async function compareWithPublished(
  path: string,
  chunks: Pick<ChunkStore, 'get'>,
  backend: Pick<ChunkStore, 'missing'>,
  published: string | undefined,
): Promise<ImageDifference> {
  const content = await readFlistContent(path)
  const { report } = await readStorage(content, backend)
  const { toSend, onBackend } = report
  const amounts = { newBytes: toSend.bytes, newChunks: toSend.chunks, sharedBytes: onBackend.bytes }
  await using opened = await openFlistAt(path)
  const now = await packagesIn(opened.flist, chunks)
  if (published === undefined) return { packages: comparePackages(new Map(), now), chunks: amounts }
  await using old = await openFlistAt(published)
  const before = await packagesIn(old.flist, await old.chunks())
  const { bytes, files } = countFiles(old.flist)
  return { before: { bytes, files }, packages: comparePackages(before, now), chunks: amounts }
}

function countFiles(flist: Flist): { bytes: number; files: number } {
  let [bytes, files] = [0, 0]
  for (const { node } of flist.walk()) {
    if (node.type !== 'file') continue
    bytes += node.size
    files += 1
  }
  return { bytes, files }
}

async function packagesIn(flist: Flist, chunks: Pick<ChunkReader, 'get'>): Promise<ReadonlyMap<string, string>> {
  for (const path of PACKAGE_FILES) {
    const node = flist.lookup(path)
    if (node?.type !== 'file' || node.size > MOST_BYTES) continue
    const parts: Uint8Array[] = []
    for await (const bytes of readFile(node, chunks, { format: flist.chunkFormat })) parts.push(bytes)
    return parsePackages(Buffer.concat(parts).toString('utf8'))
  }
  return new Map()
}
