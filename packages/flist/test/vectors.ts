import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AclRecord } from '../src/format/acl.ts'
import type { DirectoryRecord, InodeAttributes, InodeRecord, SpecialType } from '../src/format/directory-record.ts'
import type { ChunkList, DirectoryNode, Node } from '../src/tree.ts'

/** The trees the reference was run on. */
export const VECTORS = ['basic', 'bigdir', 'chunks', 'metadata', 'names', 'special'] as const

export type VectorName = (typeof VECTORS)[number]

/** A flist of the reference and what another reader found in it. */
export type Vector = {
  readonly flist: string
  readonly records: ReadonlyMap<string, DirectoryRecord>
  /** Keys of the records the reference keeps in one segment */
  readonly oneSegment: ReadonlySet<string>
  readonly acls: ReadonlyMap<string, AclRecord>
  readonly metadata: Readonly<Record<string, string>>
  readonly chunkKeys: Readonly<Record<string, string>>
}

type DumpText = string | { readonly hex: string }
type DumpInode = {
  readonly name: DumpText
  readonly size: number
  readonly aclkey: string
  readonly modificationTime: number
  readonly creationTime: number
  readonly dir?: { readonly key: string }
  readonly file?: { readonly blockSize: number; readonly blocks: { hash: string; key: string }[] | null }
  readonly link?: { readonly target: DumpText }
  readonly special?: { readonly type: SpecialType; readonly data: string }
}
type DumpDirectory = Omit<DumpInode, 'dir' | 'file'> & {
  readonly location: DumpText
  readonly parent: string
  readonly contents: readonly DumpInode[]
}
type Dump = {
  readonly acl: Record<string, { uname: string; gname: string; mode: string; uid: number; gid: number }>
  readonly dirs: Record<string, DumpDirectory>
  readonly metadata: Record<string, string>
  readonly capnp: Record<string, { segments_words: number[] }>
}

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/vectors')

/** Loads one vector. */
export function loadVector(name: VectorName): Vector {
  const read = (file: string) => JSON.parse(readFileSync(join(FIXTURES, name, file), 'utf8'))
  const dump: Dump = read('dump.json')
  const segments = Object.entries(dump.capnp)
  return {
    flist: join(FIXTURES, name, 'out.flist'),
    records: new Map(Object.entries(dump.dirs).map(([key, directory]) => [key, toRecord(directory)])),
    oneSegment: new Set(segments.filter(([, { segments_words }]) => segments_words.length === 1).map(([key]) => key)),
    acls: new Map(Object.entries(dump.acl).map(([key, acl]) => [key, toAcl(acl)])),
    metadata: dump.metadata,
    chunkKeys: read('chunk-keys.json'),
  }
}

/** The tree a vector holds. */
export function treeOf({ records, acls }: Vector): DirectoryNode<ChunkList> {
  const owner = (key: string) => {
    const { mode, uid, gid } = must(acls.get(key))
    return { mode, uid, gid }
  }
  const directory = (key: string): DirectoryNode<ChunkList> => {
    const record = must(records.get(key))
    const children = new Map(record.contents.map((inode): [string, Node<ChunkList>] => [inode.name, node(inode)]))
    return { type: 'directory', ...owner(record.aclKey), mtime: record.modificationTime, children }
  }
  const node = ({ attributes, aclKey, modificationTime: mtime, size }: InodeRecord): Node<ChunkList> => {
    if (attributes.kind === 'dir') return directory(attributes.key)
    const common = { ...owner(aclKey), mtime }
    if (attributes.kind === 'file') return { type: 'file', ...common, size, content: attributes.blocks }
    if (attributes.kind === 'link') return { type: 'symlink', ...common, target: attributes.target }
    const [major = 0, minor = 0] = attributes.data === '(nothing)' ? [] : attributes.data.split(',').map(Number)
    return { type: 'socket', ...common, major, minor }
  }
  return directory(must([...records].find(([, { location }]) => location === '')?.[0]))
}

function toRecord(directory: DumpDirectory): DirectoryRecord {
  return {
    name: toBytes(directory.name),
    location: toBytes(directory.location),
    contents: directory.contents.map((inode) => ({
      name: toBytes(inode.name),
      size: inode.size,
      attributes: toAttributes(inode),
      aclKey: inode.aclkey,
      modificationTime: inode.modificationTime,
      creationTime: inode.creationTime,
    })),
    parent: directory.parent,
    size: directory.size,
    aclKey: directory.aclkey,
    modificationTime: directory.modificationTime,
    creationTime: directory.creationTime,
  }
}

function toAttributes({ dir, file, link, special }: DumpInode): InodeAttributes {
  if (dir) return { kind: 'dir', ...dir }
  if (link) return { kind: 'link', target: toBytes(link.target) }
  if (special) return { kind: 'special', ...special }
  const blocks = (file?.blocks ?? []).map(({ hash, key }) => hash + key).join('')
  return { kind: 'file', blockSize: file?.blockSize ?? 0, blocks: new Uint8Array(Buffer.from(blocks, 'hex')) }
}

function toAcl({ uname, gname, mode, uid, gid }: Dump['acl'][string]): AclRecord {
  return { uname, gname, mode: Number(mode), uid, gid }
}

function toBytes(text: DumpText): string {
  return typeof text === 'string'
    ? Buffer.from(text, 'utf8').toString('latin1')
    : Buffer.from(text.hex, 'hex').toString('latin1')
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the vector is not what its README says')
  return value
}
