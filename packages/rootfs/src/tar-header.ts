import type { TarPosition } from './error.ts'
import type { HeaderBlock } from './header-block.ts'
import { interpretPax, type PaxRecord } from './pax.ts'
import { interpretPaxSparse, type PaxSparse } from './sparse.ts'
import type { Attributes } from './tree.ts'

/**
 * One entry of an archive, all its headers taken together. `name` and `linkName` are byte strings as the archive has
 * them: not normalised, possibly hostile.
 */
export type TarHeader = Readonly<Attributes> & {
  readonly type: 'file' | 'hardlink' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo'
  readonly name: string
  /** Target of a hard link (a name in the archive) or of a symbolic link (raw); `''` for other types. */
  readonly linkName: string
  /** Logical size in bytes, holes of a sparse file included; 0 for everything but files. */
  readonly size: number
  readonly major: number
  readonly minor: number
  /** Byte offset of its header block in the archive. */
  readonly offset: number
}

/** Headers in front of an entry that change it: pax records, GNU long names. */
export type Extensions = {
  readonly pax: PaxRecord[]
  readonly longName?: string
  readonly longLink?: string
  /** How many bytes they had. */
  readonly bytes: number
}

/** A header, and how its content lies in the archive. */
export type TarEntry = {
  readonly header: TarHeader
  /** Bytes between the header and the padding. */
  readonly stored: number
  /** Set where pax records describe a sparse file; its `size` is the logical one. */
  readonly sparse?: PaxSparse
}

const TYPES: Readonly<Record<string, TarHeader['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file', // contiguous: a hint to file systems of the 1980s
  S: 'file', // GNU sparse
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}

/** Whether a type flag stands for something that can be in a tree. */
export function isEntryType(typeflag: string): boolean {
  return Object.hasOwn(TYPES, typeflag)
}

/**
 * Joins a header block with its extensions. pax records go before GNU long names, and both before the block. A file
 * whose name ends in a slash is a directory, as tars of the 1980s wrote them. Only files have content: a size on
 * another type is ignored, as Go's archive/tar (hence Docker) does.
 */
export function joinHeaders(block: HeaderBlock, extensions: Extensions, at: TarPosition): TarEntry {
  const place = { ...at, entry: extensions.longName ?? block.name }
  const { sparse: sparseRecords, mtime, xattrs, ...pax } = interpretPax(extensions.pax, place)
  const sparse = sparseRecords === undefined ? undefined : interpretPaxSparse(sparseRecords, place)
  const name = sparse?.name ?? pax.path ?? extensions.longName ?? block.name
  const blockType = TYPES[block.typeflag] ?? 'file'
  const type = blockType === 'file' && name.endsWith('/') ? 'directory' : blockType
  const stored = blockType === 'file' ? (pax.size ?? block.size) : 0
  const isLink = type === 'hardlink' || type === 'symlink'
  const isDevice = type === 'character' || type === 'block'
  const header: TarHeader = {
    type,
    name,
    linkName: isLink ? (pax.linkPath ?? extensions.longLink ?? block.linkName) : '',
    size: type === 'file' ? (sparse?.size ?? stored) : 0,
    mode: block.mode,
    uid: pax.uid ?? block.uid,
    gid: pax.gid ?? block.gid,
    mtime: mtime?.seconds ?? block.mtime,
    ...(mtime === undefined || mtime.nanos === 0 ? {} : { mtimeNanos: mtime.nanos }),
    ...(xattrs === undefined ? {} : { xattrs }),
    major: isDevice ? block.major : 0,
    minor: isDevice ? block.minor : 0,
    offset: at.offset,
  }
  return { header, stored, ...(sparse === undefined || type !== 'file' ? {} : { sparse }) }
}
