import { FlistError } from '../errors.ts'
import type { Owner } from '../format/acl.ts'
import type { InodeRecord } from '../format/directory-record.ts'
import { quotePath } from '../format/names.ts'
import type { Attributes, ChunkList, FileNode, Node, SpecialNode, SymlinkNode } from '../tree.ts'

/** A directory of a flist, whose entries are read when they are asked for. `key` is that of its record. */
export type FlistDirectory = Attributes & { readonly type: 'directory'; readonly path: string; readonly key: string }

/**
 * A special file of a flist. The reference writes the type `socket` for every special file and keeps only `data`:
 * `MAJOR,MINOR` for a device, `(nothing)` for a fifo or socket. Such a device comes out as a socket with major and
 * minor set: whether it was a character or a block device is lost. The schema's `unknown` comes out as a socket too.
 */
export type FlistSpecial = SpecialNode & { readonly data: string }

/** One object of a flist. */
export type FlistNode = FlistDirectory | FileNode<ChunkList> | SymlinkNode | FlistSpecial

/** An object of a flist with its path; both are byte strings. */
export type FlistEntry = { readonly path: string; readonly name: string; readonly node: FlistNode }

const DEVICE = /^(\d{1,10}),(\d{1,10})$/
const MAX_DEVICE_NUMBER = 0xffffffff

/** The node that an inode record stands for. `name` stands for the flist in messages. Throws `corrupt`. */
export function createNode(inode: InodeRecord, owner: Owner, path: string, name: string): FlistNode {
  const { attributes } = inode
  const common = { ...owner, mtime: inode.modificationTime }
  switch (attributes.kind) {
    case 'dir':
      return { type: 'directory', ...common, path, key: attributes.key }
    case 'file':
      return { type: 'file', ...common, size: inode.size, content: attributes.blocks }
    case 'link':
      return { type: 'symlink', ...common, target: attributes.target }
    case 'special': {
      const type = attributes.type === 'unknown' ? 'socket' : attributes.type
      const device = deviceNumber(attributes.data)
      if (device === undefined && (type === 'character' || type === 'block')) {
        throw new FlistError(
          'corrupt',
          `${name}: ${quotePath(path)} is a device without a number; make the flist again`,
        )
      }
      return { type, ...common, ...(device ?? { major: 0, minor: 0 }), data: attributes.data }
    }
  }
}

/** The node without what only a flist knows. */
export function detach(node: Exclude<FlistNode, FlistDirectory>): Exclude<Node<ChunkList>, { type: 'directory' }> {
  if (node.type === 'file' || node.type === 'symlink') return node
  const { data: _data, ...special } = node
  return special
}

/** Whether the data of a special file is a device number. */
export function isDeviceNumber(data: string): boolean {
  return deviceNumber(data) !== undefined
}

/** The device number in the data of a special file; `undefined` when there is none. */
function deviceNumber(data: string): { major: number; minor: number } | undefined {
  const [, major, minor] = DEVICE.exec(data) ?? []
  if (Number(major) > MAX_DEVICE_NUMBER || Number(minor) > MAX_DEVICE_NUMBER) return undefined
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) }
}
