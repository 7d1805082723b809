import { type Flist, FlistError, listChunks, openFlist } from '@tf-images/flist'
import type { FlistContents, FlistEntry } from '@tf-images/twin'

/**
 * Opens a flist the way the local hub wants to look into one: it knows the hub and not the format.
 *
 * @throws FlistError, `not-a-flist` for a `.fl` too, which no 0-hub takes
 */
export async function inspectFlist(path: string): Promise<FlistContents> {
  const flist = await openFlist(path)
  if (flist.chunkFormat.name !== 'flist') {
    flist.close()
    throw new FlistError('not-a-flist', `${path}: is a .fl, which a 0-hub does not take; convert to a .flist`)
  }
  return { entries: entriesOf(flist), close: () => flist.close() }
}

function* entriesOf(flist: Flist): Generator<FlistEntry> {
  for (const { path, node } of flist.walk()) {
    if (path === '') continue
    if (node.type === 'file') yield { path, type: 'regular', size: node.size, chunkIds: idsOf(flist, node.content) }
    else if (node.type === 'symlink') yield { path, type: 'symlink', size: node.target.length, chunkIds: [] }
    else yield { path, type: node.type === 'directory' ? 'directory' : 'special', size: 0, chunkIds: [] }
  }
}

function idsOf({ chunkFormat }: Flist, content: Uint8Array): Uint8Array[] {
  return Array.from(listChunks(content, chunkFormat), ({ id }) => id)
}
