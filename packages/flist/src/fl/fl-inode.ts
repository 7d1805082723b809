import { FlistError } from '../errors.ts'
import { quotePath } from '../format/names.ts'
import type { FlistNode } from '../read/flist-node.ts'
import type { ChunkList, Node } from '../tree.ts'

/** A row of the table of inodes and what belongs to it. */
export type FlInode = {
  readonly ino: number
  /** 0 for the root */
  readonly parent: number
  /** A byte string; `/` for the root */
  readonly name: string
  readonly size: number
  readonly uid: number
  readonly gid: number
  /** With the bits of the file type */
  readonly mode: number
  /** Device number as Linux packs it (makedev(3)) */
  readonly rdev: bigint
  /** Seconds since the epoch */
  readonly ctime: number
  readonly mtime: number
  /** Byte string: the target of a symlink */
  readonly data?: string
}

/** The root of every `.fl` file. */
export const ROOT_INO = 1

/** The size a directory shows, as ext4 has it for an ordinary one: it must not depend on the machine that converts. */
const DIRECTORY_SIZE = 4096

/** The bits of a mode that say what a file is (inode(7)). */
const TYPE_BITS = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const
const TYPE_MASK = 0o170000
const TYPES = new Map(Object.entries(TYPE_BITS).map(([type, bits]) => [bits, type as keyof typeof TYPE_BITS]))

/**
 * The inode of a node. The change time is the modification time: a `.fl` must not tell when it was made. The mode of a
 * symlink is 0777, as Linux has it.
 */
export function createInode(node: Node<ChunkList>, ino: number, parent: number, name: string): FlInode {
  const { uid, gid, mtime } = node
  const mode = TYPE_BITS[node.type] | (node.type === 'symlink' ? 0o777 : node.mode)
  const common = { ino, parent, name, uid, gid, mode, rdev: 0n, ctime: mtime, mtime }
  switch (node.type) {
    case 'directory':
      return { ...common, size: DIRECTORY_SIZE }
    case 'file':
      return { ...common, size: node.size }
    case 'symlink':
      return { ...common, size: node.target.length, data: node.target }
    default:
      return { ...common, size: 0, rdev: packDevice(node.major, node.minor) }
  }
}

/** What an inode is; `undefined` when its mode says nothing Linux knows. */
export function inodeType(inode: FlInode): keyof typeof TYPE_BITS | undefined {
  return TYPES.get((inode.mode & TYPE_MASK) as (typeof TYPE_BITS)[keyof typeof TYPE_BITS])
}

/** The node that an inode stands for; `content` gives the chunks of a file. Throws `corrupt`. */
export function createFlNode(inode: FlInode, content: () => ChunkList, path: string, name: string): FlistNode {
  const { uid, gid, mtime, size } = inode
  const common = { mode: inode.mode & 0o7777, uid, gid, mtime }
  const corrupt = (what: string) =>
    new FlistError('corrupt', `${name}: ${quotePath(path)} ${what}; make the flist again`)
  const type = inodeType(inode)
  switch (type) {
    case undefined:
      throw corrupt(`has the mode 0${inode.mode.toString(8)}, which is no kind of file`)
    case 'directory':
      return { type, ...common, path, key: String(inode.ino) }
    case 'file':
      return { type, ...common, size, content: content() }
    case 'symlink':
      if (inode.data === undefined) throw corrupt('is a symlink without a target')
      return { type, ...common, target: inode.data }
    default: {
      const { major, minor } = unpackDevice(inode.rdev)
      return { type, ...common, major, minor, data: inode.rdev === 0n ? '(nothing)' : `${major},${minor}` }
    }
  }
}

/** A device number as Linux has it in `st_rdev`, signed as SQLite stores it. */
function packDevice(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)]
  const packed = ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
  return BigInt.asIntN(64, packed)
}

function unpackDevice(rdev: bigint): { major: number; minor: number } {
  const packed = BigInt.asUintN(64, rdev)
  const major = ((packed >> 32n) & 0xfffff000n) | ((packed >> 8n) & 0xfffn)
  const minor = ((packed >> 12n) & 0xffffff00n) | (packed & 0xffn)
  return { major: Number(major), minor: Number(minor) }
}
