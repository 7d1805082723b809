import { mkdir, statfs } from 'node:fs/promises'
import { PipelineError } from '../errors.ts'
import { formatBytes } from '../quantity-text.ts'

/** Files of an image as a rule have three times the bytes of its layers, which are there beside them while they are unpacked. */
const UNPACKED = 4
/** What an image adds to its base as long as nobody knows, in bytes of layers. */
const UNKNOWN_ADDITION = 250_000_000
/** Chunks are compressed as layers are, but each by itself. */
const AS_CHUNKS = 1.5
/** For what is there besides: results, indexes, flists. */
const REST = 100_000_000

/**
 * What an engine is expected to take while it builds an image.
 *
 * @param base bytes of the layers of what it is built on
 * @param before bytes of the layers of its last build, those of its base included; undefined where there is none
 */
export function expectedToBuild(base: number, before: number | undefined): number {
  return UNPACKED * Math.max(before ?? base + UNKNOWN_ADDITION, base) + REST
}

/**
 * What a conversion is expected to take: its chunks, were all of them new.
 *
 * @param layers bytes of the layers
 */
export function expectedToConvert(layers: number): number {
  return Math.ceil(AS_CHUNKS * layers) + REST
}

/** The bytes of some layers, each counted once. */
export function layerBytes(layers: readonly { readonly digest: string; readonly size: number }[]): number {
  return [...new Map(layers.map(({ digest, size }) => [digest, size])).values()].reduce((sum, size) => sum + size, 0)
}

/**
 * Refuses to begin work that would end with a full disk.
 *
 * @param folder where the work is done; made when it is not there
 * @param needed bytes that have to be free
 * @param what is to be done, for the message
 * @throws PipelineError 'disk-full'
 */
export async function requireDiskSpace(folder: string, needed: number, what?: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await requireSpaceAt(folder, needed, what)
}

/** The same for the disk of an engine; where its folder is not on this machine, nothing is known of it. */
export async function requireEngineSpace(folder: string | undefined, needed: number, what: string): Promise<void> {
  if (folder === undefined) return
  await requireSpaceAt(folder, needed, what).catch((error: unknown) => {
    if (error instanceof PipelineError) throw error
  })
}

async function requireSpaceAt(folder: string, needed: number, what: string | undefined): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= needed) return
  const reason = what === undefined ? '' : ` ${what}`
  throw new PipelineError(
    'disk-full',
    `"${folder}": ${formatBytes(free)} are free, ${formatBytes(needed)} are needed${reason}; remove what is not used, on GitHub's runners as a rule /usr/local/lib/android, /usr/share/dotnet and "docker image prune --all", or take a folder on a larger disk`,
  )
}
