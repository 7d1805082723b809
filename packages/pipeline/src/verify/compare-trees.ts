import {
  CHUNK_SIZE,
  type ChunkFormat,
  type ChunkList,
  clampTime,
  type DirectoryNode,
  type Flist,
  type FlistDirectory,
  type FlistNode,
  type Node,
} from '@tf-images/flist'
import { changed, type Difference, onOneSide } from './differences.ts'

type Pair = { readonly path: string; readonly source: DirectoryNode<ChunkList>; readonly flist: FlistDirectory }

/**
 * Compares a tree with a flist, entry by entry; of files size and the key of every chunk. What a flist cannot hold is
 * mapped before, the way every writer of one does: no xattrs, nanoseconds or hard links, times within 1970 … 2106 (but in
 * a `.fl`), symlinks with mode 0777.
 *
 * @param onEntry called for each entry that is on both sides
 */
export function* compareTrees(
  root: DirectoryNode<ChunkList>,
  flist: Flist,
  onEntry: () => void = () => {},
): Generator<Difference> {
  const format = flist.chunkFormat
  const pending: Pair[] = [{ path: '', source: root, flist: flist.root() }]
  yield* compareAttributes('', root, flist.root(), format)
  onEntry()
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const actual = new Map(flist.list(pair.flist).map(({ name, node }) => [name, node]))
    const names = new Set([...pair.source.children.keys(), ...actual.keys()])
    const below: Pair[] = []
    for (const name of [...names].sort(compareBytes)) {
      const path = pair.path === '' ? name : `${pair.path}/${name}`
      const [source, found] = [pair.source.children.get(name), actual.get(name)]
      if (!found) yield onOneSide('missing', path, source?.type ?? '')
      else if (!source) yield onOneSide('extra', path, found.type)
      else {
        onEntry()
        yield* compareNodes(path, source, found, format)
        if (source.type === 'directory' && found.type === 'directory') below.push({ path, source, flist: found })
      }
    }
    pending.push(...below.reverse())
  }
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function* compareNodes(
  path: string,
  source: Node<ChunkList>,
  found: FlistNode,
  format: ChunkFormat,
): Generator<Difference> {
  if (source.type !== found.type) {
    yield changed(path, 'type', source.type, found.type)
    return
  }
  yield* compareAttributes(path, source, found, format)
  if (source.type === 'file' && found.type === 'file') {
    if (source.size !== found.size) yield changed(path, 'size', `${source.size}`, `${found.size}`)
    else yield* compareContent(path, source.content, found.content, format)
  } else if (source.type === 'symlink' && found.type === 'symlink') {
    if (source.target !== found.target) yield changed(path, 'target', quote(source.target), quote(found.target))
  } else if ('major' in source && 'major' in found) {
    const [expected, actual] = [source, found].map(({ major, minor }) => `${major},${minor}`)
    if (expected !== actual) yield changed(path, 'device', `${expected}`, `${actual}`)
  }
}

function* compareAttributes(
  path: string,
  source: Node<ChunkList>,
  found: FlistNode,
  format: ChunkFormat,
): Generator<Difference> {
  const mode = source.type === 'symlink' ? 0o777 : source.mode
  const mtime = format.name === 'fl' ? source.mtime : clampTime(source.mtime)
  if (mode !== found.mode) yield changed(path, 'mode', modeText(mode), modeText(found.mode))
  if (source.uid !== found.uid) yield changed(path, 'uid', `${source.uid}`, `${found.uid}`)
  if (source.gid !== found.gid) yield changed(path, 'gid', `${source.gid}`, `${found.gid}`)
  if (mtime !== found.mtime) yield changed(path, 'mtime', timeText(mtime), timeText(found.mtime))
}

/** One difference for a file: the first chunk that is other, and how many are. */
function* compareContent(
  path: string,
  source: ChunkList,
  found: ChunkList,
  format: ChunkFormat,
): Generator<Difference> {
  const chunks = Math.max(source.length, found.length) / format.entryBytes
  const differing: number[] = []
  for (let chunk = 0; chunk < chunks; chunk++) {
    if (keyOf(source, chunk, format) !== keyOf(found, chunk, format)) differing.push(chunk)
  }
  const [first] = differing
  if (first === undefined) return
  const more = differing.length > 1 ? ` and ${differing.length - 1} other chunks` : ''
  const describe = (list: ChunkList) => `${keyOf(list, first, format)} from byte ${first * CHUNK_SIZE}${more}`
  yield changed(path, 'content', describe(source), describe(found))
}

/** Hex of the key of a chunk. */
function keyOf(list: ChunkList, chunk: number, { idBytes, entryBytes }: ChunkFormat): string {
  const key = list.subarray(chunk * entryBytes + idBytes, (chunk + 1) * entryBytes)
  return key.length === 0 ? 'no chunk' : Buffer.from(key.buffer, key.byteOffset, key.length).toString('hex')
}

function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}

function quote(target: string): string {
  return JSON.stringify(Buffer.from(target, 'latin1').toString('utf8'))
}
