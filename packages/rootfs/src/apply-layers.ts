import { quoteName, RootfsError, type RootfsErrorCode } from './error.ts'
import type { EntryAttributes, Layer, LayerEntry } from './layer.ts'
import { type Attributes, type DirectoryNode, implicitDirectory, type Node } from './tree.ts'
import { resolveDirectory, splitPath } from './tree-path.ts'
import { AUFS_LINKS } from './whiteout.ts'

/** An entry that puts something into the tree. */
type Addition<C> = Exclude<LayerEntry<C>, { type: 'whiteout' | 'opaque' }>

/** Applies the entries of one layer (or root archive) to a tree. */
type Application<C> = {
  readonly root: DirectoryNode<C>
  readonly archive: string
  /**
   * Where this layer put something that is no directory; a place, as a hard link shares its node with others. Not kept
   * by the first layer, which put everything there.
   */
  readonly own: Map<DirectoryNode<C>, Set<string>> | undefined
  /** The parent of the entry before, which mostly is that of the next: until something it may lie in is replaced. */
  parent: { readonly path: string; readonly directory: DirectoryNode<C> } | undefined
  /** How many missing parents were made. */
  implied: number
  readonly hidden: HiddenNodes<C>
}

/** What the whiteouts of a layer removed, by path, with the place of the whiteout among the entries. */
type HiddenNodes<C> = ReadonlyMap<string, { readonly node: Node<C>; readonly at: number }>

/** A few long names can have a thousand parents each: more of them than this is no image, but an attack. */
const MAX_IMPLIED = 1_000_000

/**
 * Puts layers on top of each other, the lowest first (OCI image-spec, layer.md, "Applying Changesets"). The layers are
 * not changed; the tree shares only `content` and the bytes of extended attributes with them. With `root`, the tree of the
 * layers below them, that one is changed and given back.
 *
 * - Whiteouts remove what lower layers have, never entries of their own layer, wherever they stand in it.
 * - A directory over a directory only changes its attributes. In every other case what was there is removed, with all
 *   below it. Of two entries with the same path the later one holds.
 * - Missing parents are made with mode 0755, owner 0:0 and mtime 0; those that exist stay as they are.
 * - A parent that is a symbolic link (or another non-directory) of a lower layer becomes a directory, as in an overlay
 *   mount, hence in Docker and containerd. A link of the same layer is followed, inside the tree.
 * - A hard link joins the file at its target as it is at that moment, in this layer or a lower one, and gives it the
 *   attributes of its own header, as Docker does. A target that a whiteout further down in the layer removes is still
 *   there, as for everyone who unpacks entry by entry.
 *
 * @throws RootfsError `hardlink` when a target is missing or a directory, `conflict` when an entry lies below a file of
 * its own layer, when links go in a circle, and when the root is no directory; `limit` when a million parents are missing
 */
export function applyLayers<C>(
  layers: readonly Layer<C>[],
  root: DirectoryNode<C> = implicitDirectory(),
): DirectoryNode<C> {
  for (const { name, entries } of layers) {
    applyEntries(root, entries, name, applyWhiteouts(root, entries))
    root.children.delete(AUFS_LINKS)
  }
  return root
}

/** The entries of a layer apart from its whiteouts, applied in their order. */
export function applyEntries<C>(
  root: DirectoryNode<C>,
  entries: readonly LayerEntry<C>[],
  archive: string,
  hidden: HiddenNodes<C> = new Map(),
): void {
  const own = root.children.size === 0 ? undefined : new Map()
  const application: Application<C> = { root, archive, own, parent: undefined, implied: 0, hidden }
  let at = 0
  for (const entry of entries) {
    if (entry.type !== 'whiteout' && entry.type !== 'opaque') applyEntry(application, entry, at)
    at += 1
  }
}

/** Removes what the whiteouts of a layer are for, and gives what that was. */
function applyWhiteouts<C>(root: DirectoryNode<C>, entries: readonly LayerEntry<C>[]): HiddenNodes<C> {
  const hidden = new Map<string, { node: Node<C>; at: number }>()
  for (const [at, { type, path }] of entries.entries()) {
    if (type === 'whiteout') {
      const { parent, name } = splitPath(path)
      const directory = resolveDirectory(root, parent, () => undefined)
      const node = directory?.children.get(name)
      if (node === undefined) continue
      hidden.set(path, { node, at })
      directory?.children.delete(name)
    } else if (type === 'opaque') {
      const directory = resolveDirectory(root, path, () => undefined)
      if (directory === undefined || directory.children.size === 0) continue
      hidden.set(path, { node: { ...directory, children: new Map(directory.children) }, at })
      directory.children.clear()
    }
  }
  return hidden
}

/** What was at a path until a whiteout behind the entry at `before` removed it; no link on the way is followed. */
function hiddenNode<C>({ hidden }: Application<C>, path: string, before: number): Node<C> | undefined {
  for (let end = path.length; end >= 0; end = end === 0 ? -1 : Math.max(path.lastIndexOf('/', end - 1), 0)) {
    const found = hidden.get(path.slice(0, end))
    if (found === undefined || found.at < before) continue
    let node: Node<C> | undefined = found.node
    for (const name of path.slice(end).split('/')) {
      if (name !== '') node = node?.type === 'directory' ? node.children.get(name) : undefined
    }
    return node
  }
  return undefined
}

function applyEntry<C>(application: Application<C>, entry: Addition<C>, at: number): void {
  const { root, own } = application
  if (entry.path === '') {
    if (entry.type !== 'directory') throw entryError(application, entry, 'conflict', 'the root must be a directory')
    setAttributes(root, entry)
    return
  }
  const { parent, name } = splitPath(entry.path)
  const directory = openParent(application, parent, entry)
  const existing = directory.children.get(name)
  if (existing?.type === 'directory' && entry.type === 'directory') {
    setAttributes(existing, entry)
    return
  }
  const node = entry.type === 'hardlink' ? linkedNode(application, entry, at) : newNode<C>(entry)
  directory.children.set(name, node)
  if (existing !== undefined) application.parent = undefined
  if (own === undefined || node.type === 'directory') return
  const names = own.get(directory)
  if (names === undefined) own.set(directory, new Set([name]))
  else names.add(name)
}

/** The directory an entry goes into, made where it is missing. */
function openParent<C>(application: Application<C>, parent: string, entry: Addition<C>): DirectoryNode<C> {
  if (application.parent?.path === parent) return application.parent.directory
  const { own } = application
  const directory = resolveDirectory(application.root, parent, (above, name, found) => {
    if (found !== undefined && (own === undefined || own.get(above)?.has(name))) {
      if (found.type === 'symlink') return found.target
      throw entryError(
        application,
        entry,
        'conflict',
        `${quoteName(name)} above it is a ${found.type} of the same layer`,
      )
    }
    application.implied += 1
    if (application.implied > MAX_IMPLIED) {
      throw entryError(application, entry, 'limit', `more than ${MAX_IMPLIED} directories have no entry of their own`)
    }
    const made = implicitDirectory<C>()
    above.children.set(name, made)
    return made
  })
  if (directory !== undefined) {
    application.parent = { path: parent, directory }
    return directory
  }
  throw entryError(application, entry, 'conflict', 'the symbolic links above it go in a circle')
}

function linkedNode<C>(application: Application<C>, entry: Addition<C> & { type: 'hardlink' }, at: number) {
  const { parent, name } = splitPath(entry.target)
  const directory = resolveDirectory(application.root, parent, (_above, _name, found) =>
    found?.type === 'symlink' ? found.target : undefined,
  )
  const found = name === '' ? application.root : directory?.children.get(name)
  const node = found ?? hiddenNode(application, entry.target, at)
  const link = `a hard link to ${quoteName(entry.target)}`
  if (node === undefined) {
    throw entryError(
      application,
      entry,
      'hardlink',
      `${link}, which is neither in a lower layer nor earlier in this one`,
    )
  }
  if (node.type === 'directory') throw entryError(application, entry, 'hardlink', `${link}, which is a directory`)
  // a link has no mode of its own, and Docker leaves its time alone, too
  if (node.type === 'symlink') Object.assign(node, { uid: entry.uid, gid: entry.gid })
  else setAttributes(node, entry, node.xattrs)
  return node
}

function newNode<C>(entry: Exclude<Addition<C>, { type: 'hardlink' }>): Node<C> {
  const node = plainNode(entry)
  const { mtimeNanos, xattrs } = entry
  if (mtimeNanos !== undefined) node.mtimeNanos = mtimeNanos
  if (xattrs !== undefined) node.xattrs = new Map(xattrs)
  return node
}

/** A node without what few have. Fields are named one by one: copying objects took a third of all time here. */
function plainNode<C>(entry: Exclude<Addition<C>, { type: 'hardlink' }>): Node<C> {
  const { type, mode, uid, gid, mtime } = entry
  switch (type) {
    case 'directory':
      return { type, mode, uid, gid, mtime, children: new Map() }
    case 'file':
      return { type, mode, uid, gid, mtime, size: entry.size, content: entry.content }
    case 'symlink':
      return { type, mode, uid, gid, mtime, target: entry.target }
    default:
      return { type, mode, uid, gid, mtime, major: entry.major, minor: entry.minor }
  }
}

/** Replaces all attributes of a node; extended ones are added to those given. */
function setAttributes(node: Attributes, entry: EntryAttributes, xattrs?: ReadonlyMap<string, Uint8Array>): void {
  const { mode, uid, gid, mtime, mtimeNanos } = entry
  Object.assign(node, { mode, uid, gid, mtime })
  if (mtimeNanos !== undefined) node.mtimeNanos = mtimeNanos
  else if (node.mtimeNanos !== undefined) delete node.mtimeNanos
  if (xattrs !== undefined || entry.xattrs !== undefined) {
    node.xattrs = new Map([...(xattrs ?? []), ...(entry.xattrs ?? [])])
  } else if (node.xattrs !== undefined) delete node.xattrs
}

function entryError<C>(
  { archive }: Application<C>,
  entry: Addition<C>,
  code: RootfsErrorCode,
  problem: string,
): RootfsError {
  const message = `${archive}, entry ${quoteName(entry.path)}: ${problem}; rebuild the image`
  return new RootfsError(code, message, { entry: entry.path })
}
