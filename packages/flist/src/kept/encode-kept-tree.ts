import { setImmediate } from 'node:timers/promises'
import { FLIST_CHUNKS } from '../codec/chunk-format.ts'
import type { ChunkList, DirectoryNode } from '../tree.ts'
import { hasAllIds } from '../write/tree-rules.ts'
import { createTreeEncoder } from './tree-encoder.ts'

/** Directories between two turns of the event loop. */
const TURN = 100

/**
 * What a writer of flists makes of a tree, as bytes in pieces: the next conversion of nearly the same tree opens them with `openKeptTree`.
 *
 * @param flushed resolves when all chunks of the tree are stored, and their ids filled in. A directory waits for it only where it has
 *   not all of its own; every hundred directories other work has its turn, such as encoding the last chunks. When it rejects, this does
 * @throws FlistError `invalid` for a tree that a flist cannot hold, `too-large` for one that is not worth it: over 128 MiB, nested over
 *   256 deep, or of over 1024 owners
 */
export async function encodeKeptTree(
  root: DirectoryNode<ChunkList>,
  flushed?: Promise<unknown>,
): Promise<Uint8Array[]> {
  // What goes wrong is told where it is waited for.
  flushed?.catch(() => {})
  const { next, enter, finish } = createTreeEncoder(root)
  let count = 0
  for (let directory = next(); directory; directory = next()) {
    if (flushed && !isFlushed(directory.node)) await flushed
    if (++count % TURN === 0) await setImmediate()
    enter(directory)
  }
  // Ids are there before their chunks are stored.
  await flushed
  return finish()
}

/** Whether the files of a directory have all their chunk ids. */
function isFlushed({ children }: DirectoryNode<ChunkList>): boolean {
  for (const child of children.values()) {
    if (child.type === 'file' && !hasAllIds(child.content, FLIST_CHUNKS)) return false
  }
  return true
}
