import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChunkList, ChunkStore, DirectoryNode } from '@tf-images/flist'
import { PipelineError } from './errors.ts'
import { formatBytes } from './quantity-text.ts'
import type { Source } from './source.ts'

/** The file from which zos starts a machine, whatever else is there. */
const imageRaw = 'image.raw'

/** What a tree takes in a chunk store. */
export type StorageNeed = {
  /** As programs see it. */
  readonly bytes: number
  readonly uniqueChunks: number
  /** Those the store did not have, and their bytes as stored. */
  readonly newChunks: number
  readonly newBytes: number
}

/** Whether a source is known to have a disk image before it is read. */
export async function isDiskImage(source: Source): Promise<boolean> {
  if (source.kind !== 'directory') return false
  const found = await lstat(join(source.path, imageRaw)).catch(() => undefined)
  return found?.isFile() === true
}

/**
 * Nobody publishes a disk by oversight: it shares next to nothing with what is stored already, and a variant of it neither.
 *
 * @throws PipelineError 'image-raw' with what it would cost
 */
export function refuseDiskImage(title: string, root: DirectoryNode<ChunkList>, need: StorageNeed): void {
  if (root.children.get(imageRaw)?.type !== 'file') return
  const argument =
    'a variant of it costs as much again, where one of a tree with its kernel costs its few changed files'
  const remedy = 'publish the tree (flist vm), or ask for it with --image-raw'
  throw new PipelineError('image-raw', `${title}: has an image.raw, ${needText(need)}; ${argument}: ${remedy}`)
}

/** `968 MB: of its 941 chunks the store has 1 (0.1 %), 245 MB would be stored` */
export function needText({ bytes, uniqueChunks, newChunks, newBytes }: StorageNeed): string {
  const there = uniqueChunks - newChunks
  const share = uniqueChunks === 0 ? 0 : (100 * there) / uniqueChunks
  const known = `of its ${uniqueChunks} different chunks the store has ${there} (${share.toFixed(1)} %)`
  return `${formatBytes(bytes)}: ${known}, ${formatBytes(newBytes)} would be stored`
}

/** A store that tells what it has and takes nothing: what is converted to it is measured. */
export function measuringStore(store: ChunkStore): ChunkStore {
  return {
    missing: (ids) => store.missing(ids),
    get: (id) => store.get(id),
    put: async (chunks) => {
      for await (const _ of chunks);
    },
    close: async () => {},
  }
}
