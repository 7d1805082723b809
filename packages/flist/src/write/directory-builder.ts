import { aclKey, createAcl, encodeAcl, type Owner } from '../format/acl.ts'
import { directoryKey } from '../format/directory-key.ts'
import { BLOCK_SIZE, type DirectoryRecord, type InodeAttributes, type InodeRecord } from '../format/directory-record.ts'
import { clampTime } from '../format/times.ts'
import {
  type ChunkList,
  compareBytes,
  type DirectoryNode,
  joinPath,
  type Node,
  type SpecialNode,
  sortedNames,
} from '../tree.ts'

/** The size a directory shows, as ext4 has it for an ordinary one: it must not depend on the machine that converts. */
const DIRECTORY_SIZE = 4096

/** Data of a special file that is no device. */
const NO_DEVICE = '(nothing)'

/** The key of the ACL of a node. */
export type AclKeys = (node: Node<ChunkList>) => string

/** The ACLs of a flist, each once. */
export type AclTable = {
  readonly keyOf: AclKeys
  add(owner: Owner): string
  /** Sorted by their keys, so that their order says nothing of how they were come by. */
  all(): { readonly key: string; readonly record: Uint8Array }[]
}

/** An empty table of ACLs. */
export function createAclTable(): AclTable {
  const acls = new Map<string, { readonly key: string; readonly record: Uint8Array }>()
  /** Neighbours mostly have the same. */
  let last: (Owner & { readonly key: string }) | undefined
  const addNew = (id: string, owner: Owner) => {
    const acl = createAcl(owner)
    const added = { key: aclKey(acl), record: encodeAcl(acl) }
    acls.set(id, added)
    return added
  }
  const add = ({ mode, uid, gid }: Owner) => {
    if (last && last.mode === mode && last.uid === uid && last.gid === gid) return last.key
    const id = `${mode}:${uid}:${gid}`
    const { key } = acls.get(id) ?? addNew(id, { mode, uid, gid })
    last = { mode, uid, gid, key }
    return key
  }
  return {
    add,
    keyOf: (node) => add(ownerOf(node)),
    all: () => [...acls.values()].sort((a, b) => compareBytes(a.key, b.key)),
  }
}

/** Whom a node belongs to, and its mode; that of a symlink is always the same. */
export function ownerOf({ type, mode, uid, gid }: Node<ChunkList>): Owner {
  return { mode: type === 'symlink' ? 0o777 : mode, uid, gid }
}

/** The key of the directory at a path. */
export type KeyTable = (path: string) => string

/** Keys of directories, each computed once: a directory, the one above and those below ask for it. */
export function createKeyTable(): KeyTable {
  const keys = new Map<string, string>()
  return (path) => {
    const known = keys.get(path)
    if (known !== undefined) return known
    const key = directoryKey(path)
    keys.set(path, key)
    return key
  }
}

/** What the records of one flist refer to. */
export type RecordTables = { readonly acls: AclKeys; readonly keys: KeyTable }

/**
 * The record of a directory: subdirectories first, then everything else, both by unsigned bytes. The creation time is
 * the modification time: a flist must not tell when it was made.
 *
 * @param names as `sortedNames` gives them, where they are known
 */
export function buildDirectory(
  path: string,
  node: DirectoryNode<ChunkList>,
  tables: RecordTables,
  names = sortedNames(node),
): DirectoryRecord {
  const slash = path.lastIndexOf('/')
  const time = clampTime(node.mtime)
  return {
    name: path.slice(slash + 1),
    location: path,
    aclKey: tables.acls(node),
    contents: buildContents(path, node, names, tables),
    parent: tables.keys(path.slice(0, Math.max(slash, 0))),
    size: DIRECTORY_SIZE,
    modificationTime: time,
    creationTime: time,
  }
}

function buildContents(
  path: string,
  node: DirectoryNode<ChunkList>,
  names: readonly string[],
  tables: RecordTables,
): InodeRecord[] {
  const [directories, others]: [InodeRecord[], InodeRecord[]] = [[], []]
  for (const name of names) {
    const child = node.children.get(name)
    if (child) (child.type === 'directory' ? directories : others).push(buildInode(path, name, child, tables))
  }
  return directories.length === 0 ? others : [...directories, ...others]
}

function buildInode(parent: string, name: string, node: Node<ChunkList>, { acls, keys }: RecordTables): InodeRecord {
  const time = clampTime(node.mtime)
  const attributes = buildAttributes(parent, name, node, keys)
  return { name, size: sizeOf(node), attributes, aclKey: acls(node), modificationTime: time, creationTime: time }
}

function buildAttributes(parent: string, name: string, node: Node<ChunkList>, keys: KeyTable): InodeAttributes {
  switch (node.type) {
    case 'directory':
      return { kind: 'dir', key: keys(joinPath(parent, name)) }
    case 'file':
      return { kind: 'file', blockSize: BLOCK_SIZE, blocks: node.content }
    case 'symlink':
      return { kind: 'link', target: node.target }
    default:
      return { kind: 'special', type: node.type, data: specialData(node) }
  }
}

/** A socket with a device number is a device the reference wrote, whose kind it lost: it stays as it was. */
function specialData({ type, major, minor }: SpecialNode): string {
  const isDevice = type === 'character' || type === 'block' || (type === 'socket' && (major !== 0 || minor !== 0))
  return isDevice ? `${major},${minor}` : NO_DEVICE
}

function sizeOf(node: Node<ChunkList>): number {
  if (node.type === 'directory') return DIRECTORY_SIZE
  if (node.type === 'file') return node.size
  return node.type === 'symlink' ? node.target.length : 0
}
