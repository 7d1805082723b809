import { type Flist, openFlist } from '@tf-images/flist'
import type { FlistContents, FlistEntry } from '@tf-images/twin'

/** Opens a flist the way the local hub wants to look into one: it knows the hub and not the format. */
export async function inspectFlist(path: string): Promise<FlistContents> {
  const flist = await openFlist(path)
  return { entries: entriesOf(flist), close: () => flist.close() }
}

function* entriesOf(flist: Flist): Generator<FlistEntry> {
  for (const { path, node } of flist.walk()) {
    if (path === '') continue
    if (node.type === 'file') yield { path, type: 'regular', size: node.size, chunkIds: [...idsOf(node.content)] }
    else if (node.type === 'symlink') yield { path, type: 'symlink', size: node.target.length, chunkIds: [] }
    else yield { path, type: node.type === 'directory' ? 'directory' : 'special', size: 0, chunkIds: [] }
  }
}

/** A chunk list is id and key of 16 bytes each, one after another. */
function* idsOf(content: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < content.length; at += 32) yield content.subarray(at, at + 16)
}
