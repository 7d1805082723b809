import { type Flist, FlistError, type FlistNode, type FlistSpecial, listChunks, openFlist } from '@tf-images/flist'
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
  return {
    entries: entriesOf(flist),
    // Rows are what `decodeMetadata` read: texts, or JSON of unknown shape. They are read, and refused, when asked for.
    get metadata() {
      return flist.metadata as FlistContents['metadata']
    },
    find: (inner) => {
      const node = flist.lookup(inner)
      return node && describe(flist, inner, node)
    },
    list: (inner) => listDirectory(flist, inner),
    close: () => flist.close(),
  }
}

function* entriesOf(flist: Flist): Generator<FlistEntry> {
  for (const { path, node } of flist.walk()) if (path !== '') yield describe(flist, path, node)
}

function* listDirectory(flist: Flist, path: string): Generator<FlistEntry> {
  const directory = flist.lookup(path)
  if (directory?.type !== 'directory') return
  for (const { path: inner, node } of flist.list(directory)) yield describe(flist, inner, node)
}

function describe(flist: Flist, path: string, node: FlistNode): FlistEntry {
  const { mode, uid, gid, mtime } = node
  const common = { path, mode, uid, gid, mtime, chunkIds: [] }
  switch (node.type) {
    case 'file':
      return { ...common, type: 'regular', size: node.size, chunkIds: idsOf(flist, node.content) }
    case 'symlink':
      return { ...common, type: 'symlink', size: node.target.length, target: node.target }
    case 'directory':
      return { ...common, type: 'directory', size: 0 }
    default:
      return { ...common, type: 'special', size: 0, target: specialText(node) }
  }
}

function specialText({ type, major, minor }: FlistSpecial): string {
  return type === 'character' || type === 'block' ? `${type} ${major},${minor}` : type
}

function idsOf({ chunkFormat }: Flist, content: Uint8Array): Uint8Array[] {
  return Array.from(listChunks(content, chunkFormat), ({ id }) => id)
}
