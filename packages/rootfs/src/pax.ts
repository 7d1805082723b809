import { type TarPosition, tarError } from './error.ts'
import { fieldError } from './header-block.ts'

/** One `keyword=value` of a pax extended header; the value is bytes, a view on the header. */
export type PaxRecord = { readonly keyword: string; readonly value: Buffer }

/** What the records of an entry say, the last of each keyword. */
export type PaxValues = {
  readonly path?: string | undefined
  readonly linkPath?: string | undefined
  readonly size?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly mtime?: PaxTime | undefined
  readonly xattrs?: Map<string, Uint8Array>
  /** The GNU.sparse.* records, in order: in format 0.0 keywords repeat. */
  readonly sparse?: PaxRecord[]
}

/** Whole seconds, rounded down, and what is left. */
export type PaxTime = { readonly seconds: number; readonly nanos: number }

const MAX_ID = 2 ** 32 - 1
const SPACE = 0x20
const EQUALS = 0x3d
const NEWLINE = 0x0a
const SCHILY_XATTR = 'SCHILY.xattr.'
const LIBARCHIVE_XATTR = 'LIBARCHIVE.xattr.'
/** What tar keeps as text where Linux has an extended attribute in binary (GNU tar `--acls`, `--selinux`; star; libarchive). */
const TEXT_ATTRIBUTES: ReadonlySet<string> = new Set([
  'SCHILY.acl.access',
  'SCHILY.acl.default',
  'SCHILY.acl.ace',
  'RHT.security.selinux',
])

/**
 * Splits the body of a pax header into its records, `"%d %s=%s\n"` with the length of the whole record in front
 * (POSIX.1-2017, pax, "pax Extended Header").
 */
export function parsePaxRecords(body: Buffer, at: TarPosition): PaxRecord[] {
  const records: PaxRecord[] = []
  for (let start = 0; start < body.length; ) {
    const space = body.indexOf(SPACE, start)
    const digits = body.toString('latin1', start, space === -1 ? body.length : Math.min(space, start + 20))
    const end = /^\d+$/.test(digits) ? start + Number(digits) : Number.NaN
    const equals = space === -1 ? -1 : body.indexOf(EQUALS, space)
    if (!(end <= body.length) || equals === -1 || equals >= end - 1 || body[end - 1] !== NEWLINE) {
      throw tarError('corrupt', at, `no valid record at byte ${start} of its pax header; the archive is damaged`)
    }
    records.push({ keyword: body.toString('latin1', space + 1, equals), value: body.subarray(equals + 1, end - 1) })
    start = end
  }
  return records
}

/**
 * What the records mean. An empty value takes an earlier one of that keyword back (so the header block holds), except
 * for extended attributes, which may be empty. ACLs and SELinux contexts, which tar has as text, are kept among these under
 * their keywords, so that whoever drops them can tell. User names and comments are left out.
 */
export function interpretPax(records: readonly PaxRecord[], at: TarPosition): PaxValues {
  const values: { -readonly [K in keyof PaxValues]: PaxValues[K] } = {}
  for (const { keyword, value } of records) {
    if (keyword.startsWith(SCHILY_XATTR)) {
      values.xattrs ??= new Map()
      values.xattrs.set(gnuXattrName(keyword.slice(SCHILY_XATTR.length)), Uint8Array.from(value))
    } else if (TEXT_ATTRIBUTES.has(keyword)) {
      values.xattrs ??= new Map()
      values.xattrs.set(keyword, Uint8Array.from(value))
    } else if (keyword.startsWith(LIBARCHIVE_XATTR)) {
      values.xattrs ??= new Map()
      const name = percentDecoded(keyword.slice(LIBARCHIVE_XATTR.length), /%([0-9a-fA-F]{2})/g)
      values.xattrs.set(name, Uint8Array.from(Buffer.from(value.toString('latin1'), 'base64')))
    } else if (keyword.startsWith('GNU.sparse.')) {
      values.sparse ??= []
      values.sparse.push({ keyword, value })
    } else {
      const text = value.toString('latin1')
      if (keyword === 'path') values.path = paxName(text, keyword, at)
      else if (keyword === 'linkpath') values.linkPath = paxName(text, keyword, at)
      else if (keyword === 'size') values.size = paxInteger(text, keyword, at)
      else if (keyword === 'uid') values.uid = paxInteger(text, keyword, at, MAX_ID)
      else if (keyword === 'gid') values.gid = paxInteger(text, keyword, at, MAX_ID)
      else if (keyword === 'mtime') values.mtime = paxTime(text, at)
    }
  }
  return values
}

/** Which records of a global header later entries inherit; a name or a size is never meant for all of them. */
export function isInheritable({ keyword }: PaxRecord): boolean {
  return /^(uid|gid|mtime|SCHILY\.xattr\..*|LIBARCHIVE\.xattr\..*)$/s.test(keyword)
}

/** A non-negative decimal number of a pax record; `undefined` when the value is empty. */
export function paxInteger(
  text: string,
  keyword: string,
  at: TarPosition,
  most: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (text === '') return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value <= most) return value
  throw fieldError(at, `pax ${keyword}`, text)
}

/** A path or link target; `undefined` when the value is empty. */
export function paxName(text: string, keyword: string, at: TarPosition): string | undefined {
  if (text.includes('\0')) throw fieldError(at, `pax ${keyword}`, text)
  return text === '' ? undefined : text
}

function paxTime(text: string, at: TarPosition): PaxTime | undefined {
  if (text === '') return undefined
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text) ?? []
  if (whole === '') throw fieldError(at, 'pax mtime', text)
  const nanos = Number(fraction.slice(0, 9).padEnd(9, '0'))
  if (sign !== '-') return { seconds: Number(whole), nanos }
  // rounded down: -1.25 is 0.75 after -2, and what is below a nanosecond counts as one
  const up = nanos + (/[1-9]/.test(fraction.slice(9)) ? 1 : 0)
  return up === 0 ? { seconds: 0 - Number(whole), nanos: 0 } : { seconds: -Number(whole) - 1, nanos: 1e9 - up }
}

/** GNU tar writes `=` and `%` of the name of an attribute as %3D and %25, other tars write them as they are. */
function gnuXattrName(keyword: string): string {
  return percentDecoded(keyword, /%(3D|25)/g)
}

function percentDecoded(text: string, escapes: RegExp): string {
  return text.replace(escapes, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
