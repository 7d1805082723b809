import { quoteName } from './error.ts'
import type { IndexReader, IndexWriter } from './index-bytes.ts'
import type { EntryAttributes, LayerEntry } from './layer.ts'
import { DEFAULT_LIMITS } from './tar-limits.ts'

/** Their places are their numbers in an index: only ever add at the end. */
const TYPES = [
  'directory',
  'file',
  'symlink',
  'hardlink',
  'character',
  'block',
  'fifo',
  'whiteout',
  'opaque',
] as const satisfies readonly LayerEntry<unknown>['type'][]

/** The first byte of an entry: its type, and what is there beside the fields every entry has. */
const TYPE_BITS = 0x0f
const HAS_NANOS = 0x10
const HAS_XATTRS = 0x20
/** The time is before 1970: `-1 - mtime` is written. */
const EARLY = 0x40

const MAX_ID = 2 ** 32 - 1

/** How content is kept as bytes. `size` is the logical size of the file; what does not fit to it is to be refused. */
export type ContentDecoder<C> = (bytes: Uint8Array, size: number) => C

export function writeEntry<C>(writer: IndexWriter, entry: LayerEntry<C>, encode: (content: C) => Uint8Array): void {
  const type = TYPES.indexOf(entry.type)
  if (entry.type === 'whiteout' || entry.type === 'opaque') {
    writer.byte(type)
    writer.text(entry.path)
    return
  }
  const { mtime, mtimeNanos = 0, xattrs } = entry
  const flags = (mtimeNanos === 0 ? 0 : HAS_NANOS) | (xattrs ? HAS_XATTRS : 0) | (mtime < 0 ? EARLY : 0)
  writer.byte(type | flags)
  writer.text(entry.path)
  writer.number(entry.mode)
  writer.number(entry.uid)
  writer.number(entry.gid)
  writer.number(mtime < 0 ? -1 - mtime : mtime)
  if (mtimeNanos !== 0) writer.number(mtimeNanos)
  if (xattrs) {
    writer.number(xattrs.length)
    for (const [name, value] of xattrs) {
      writer.text(name)
      writer.data(value)
    }
  }
  switch (entry.type) {
    case 'file':
      writer.number(entry.size)
      writer.data(encode(entry.content))
      return
    case 'symlink':
    case 'hardlink':
      writer.text(entry.target)
      return
    case 'character':
    case 'block':
    case 'fifo':
      writer.number(entry.major)
      writer.number(entry.minor)
  }
}

/** What is left of what an index may hold. */
export type EntryBudget = { xattrs: number; readonly pathDepth: number }

/** The next entry, as strictly checked as one of an archive. @throws RootfsError `index`, and what `decode` throws */
export function readEntry<C>(reader: IndexReader, decode: ContentDecoder<C>, budget: EntryBudget): LayerEntry<C> {
  const tag = reader.byte()
  const type = TYPES[tag & TYPE_BITS]
  const path = reader.text('a path')
  if (type === undefined || tag > (TYPE_BITS | HAS_NANOS | HAS_XATTRS | EARLY)) {
    throw reader.failure(`entry ${quoteName(path)} is of no known type`)
  }
  checkPath(reader, path, budget)
  if (type === 'whiteout' || type === 'opaque') {
    if (tag > TYPE_BITS) throw reader.failure(`entry ${quoteName(path)} has attributes that a whiteout cannot have`)
    if (type === 'whiteout' && path === '') throw reader.failure('a whiteout names the root')
    return { type, path }
  }
  const mode = reader.number('a mode', 0o7777)
  const uid = reader.number('a uid', MAX_ID)
  const gid = reader.number('a gid', MAX_ID)
  const time = reader.number('a time')
  const mtime = tag & EARLY ? -1 - time : time
  if (!Number.isSafeInteger(mtime)) throw reader.failure('a time is out of range')
  const rare = tag & (HAS_NANOS | HAS_XATTRS) ? readRareAttributes(reader, tag, budget) : undefined
  const entry = readRest(reader, decode, budget, { type, path, mode, uid, gid, mtime })
  return rare === undefined ? entry : { ...entry, ...rare }
}

type Addition<C> = Exclude<LayerEntry<C>, { type: 'whiteout' | 'opaque' }>

/** What stands behind the attributes. Fields are named one by one: copying objects took a third of all time here. */
function readRest<C>(
  reader: IndexReader,
  decode: ContentDecoder<C>,
  budget: EntryBudget,
  { type, path, mode, uid, gid, mtime }: EntryAttributes & Pick<Addition<C>, 'type' | 'path'>,
): Addition<C> {
  switch (type) {
    case 'directory':
      return { type, path, mode, uid, gid, mtime }
    case 'file': {
      const size = reader.number('a size')
      const content = decode(reader.data('a content'), size)
      return { type, path, mode, uid, gid, mtime, size, content }
    }
    case 'symlink': {
      const target = reader.text('a link target')
      if (target === '') throw reader.failure(`entry ${quoteName(path)} is a symbolic link without target`)
      checkText(reader, target)
      return { type, path, mode, uid, gid, mtime, target }
    }
    case 'hardlink': {
      const target = reader.text('a link target')
      checkPath(reader, target, budget)
      return { type, path, mode, uid, gid, mtime, target }
    }
    default: {
      const major = reader.number('a major', MAX_ID)
      return { type, path, mode, uid, gid, mtime, major, minor: reader.number('a minor', MAX_ID) }
    }
  }
}

function readRareAttributes(
  reader: IndexReader,
  tag: number,
  budget: EntryBudget,
): Pick<EntryAttributes, 'mtimeNanos' | 'xattrs'> {
  const mtimeNanos = tag & HAS_NANOS ? reader.number('nanoseconds', 999_999_999) : undefined
  if (mtimeNanos === 0) throw reader.failure('it has nanoseconds that are 0')
  return {
    ...(mtimeNanos === undefined ? {} : { mtimeNanos }),
    ...(tag & HAS_XATTRS ? { xattrs: readXattrs(reader, budget) } : {}),
  }
}

function readXattrs(reader: IndexReader, budget: EntryBudget): [string, Uint8Array][] {
  const count = reader.number('the number of extended attributes', budget.xattrs)
  budget.xattrs -= count
  const xattrs = new Map<string, Uint8Array>()
  for (let i = 0; i < count; i++) {
    const name = reader.text('the name of an extended attribute')
    if (xattrs.has(name)) throw reader.failure(`the extended attribute ${quoteName(name)} is there twice`)
    xattrs.set(name, reader.data('an extended attribute'))
  }
  return [...xattrs]
}

/** An empty component, `.` or `..`. */
const UNCLEAN = /(?:^|\/)\.{0,2}(?:\/|$)/

function checkPath(reader: IndexReader, path: string, { pathDepth }: EntryBudget): void {
  if (path === '') return
  checkText(reader, path)
  if (UNCLEAN.test(path)) throw reader.failure(`${quoteName(path)} is no clean path`)
  if (path.length >= 2 * pathDepth && path.split('/').length > pathDepth) {
    throw reader.failure(`${quoteName(path)} has more than ${pathDepth} components`)
  }
}

/** What holds for paths and link targets of an archive. */
function checkText(reader: IndexReader, text: string): void {
  if (text.includes('\0')) throw reader.failure(`${quoteName(text)} has a NUL`)
  const { pathLength } = DEFAULT_LIMITS
  if (text.length > pathLength) throw reader.failure(`${quoteName(text)} has more than ${pathLength} bytes`)
}
