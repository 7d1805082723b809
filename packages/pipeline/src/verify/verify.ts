import { type ChunkReader, checkFlist, type Flist } from '@tf-images/flist'
import { addStartupToml, compressedBytesOf, readSource, runtimeConfig } from '../convert.ts'
import { pathForPeople } from '../fidelity/findings.ts'
import { configMetadata } from '../image-metadata.ts'
import { boundsOf, type ConvertLimits, nameLimits } from '../limits.ts'
import type { Source } from '../source.ts'
import { compareMetadata, compareRecordedHashes } from './compare-metadata.ts'
import { compareTrees } from './compare-trees.ts'
import { type Difference, type DifferenceList, listDifferences } from './differences.ts'
import { createKeyStore } from './key-store.ts'

export type VerifyOptions = {
  /** Also reads every chunk from this store, decodes it and compares it with its file. */
  readonly contents?: ChunkReader
  /** What the source may cost to read; as it was converted with. */
  readonly limits?: ConvertLimits
  /** Called with the bytes of the source read so far. */
  readonly onBytes?: (bytes: number) => void
  readonly signal?: AbortSignal
}

export type Verification = {
  readonly equal: boolean
  /** Entries that are on both sides, and bytes of the source that were hashed. */
  readonly entries: number
  readonly bytes: number
  readonly differences: readonly Difference[]
  /** How many more there are. */
  readonly omittedDifferences: number
  /** Hash of the flist's tree; absent when its records are damaged. */
  readonly treeHash?: string
}

/**
 * Compares a flist with its source, entry by entry and byte by byte: all bytes of the source are read and hashed in
 * pieces of a chunk, and the hashes compared with the flist's. That needs no chunk store; with `contents` the stored
 * chunks are compared, too. What the fidelity report names is mapped, not reported. Of an image also the rows of metadata
 * are compared; a `/.startup.toml` that the converter added is known.
 *
 * @throws RegistryError, RootfsError, PipelineError 'digest-mismatch', 'limit' when the source cannot be read; what the store throws
 */
export async function verifyFlist(flist: Flist, source: Source, options: VerifyOptions = {}): Promise<Verification> {
  const { contents, signal } = options
  const found = listDifferences()
  const check = { contents: contents !== undefined, ...(signal ? { signal } : {}) }
  const { problems, omittedProblems, summary } = await checkFlist(flist, contents, check)
  for (const { path, message } of problems) found.add({ kind: 'damaged', ...pathForPeople(path), actual: message })
  // Records that are damaged cannot be walked; a missing chunk or a bad row of metadata is no obstacle.
  const compared = summary ? await compareWithSource(flist, source, found, options) : { entries: 0, bytes: 0 }
  if (summary && !problems.some(({ code }) => code === 'metadata')) {
    const { metadata } = flist
    if (source.kind === 'image') addAll(found, compareMetadata(configMetadata(runtimeConfig(source.image)), metadata))
    addAll(found, compareRecordedHashes(metadata, summary))
  }
  return {
    equal: found.differences.length === 0,
    ...compared,
    differences: found.differences,
    omittedDifferences: found.omitted + omittedProblems,
    ...(summary ? { treeHash: summary.treeHash } : {}),
  }
}

async function compareWithSource(
  flist: Flist,
  source: Source,
  found: DifferenceList,
  options: VerifyOptions,
): Promise<{ entries: number; bytes: number }> {
  const { signal } = options
  const compared = { entries: 0, bytes: 0 }
  const onBytes = (bytes: number) => {
    compared.bytes = bytes
    options.onBytes?.(bytes)
  }
  const keys = createKeyStore({ format: flist.chunkFormat, onBytes, ...(signal ? { signal } : {}) })
  const { root } = await readSource(source, keys, {
    bounds: boundsOf(options.limits, await compressedBytesOf(source)),
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    throw nameLimits(error)
  })
  if (source.kind === 'image' && flist.lookup('.startup.toml') && !root.children.has('.startup.toml')) {
    await addStartupToml(root, source.image, keys)
  }
  for (const difference of compareTrees(root, flist, () => compared.entries++)) found.add(difference)
  return compared
}

function addAll(found: DifferenceList, differences: Iterable<Difference>): void {
  for (const difference of differences) found.add(difference)
}
