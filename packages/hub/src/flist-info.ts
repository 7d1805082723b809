import { isObject } from './answers.ts'

/** What a hub says about one flist or link. */
export type FlistInfo = {
  readonly name: string
  /** Of a link, this and everything below is that of the flist it leads to. Bytes; seconds since epoch. */
  readonly size: number
  readonly updated: number
  /** Hex; null when a link leads nowhere. */
  readonly md5: string | null
} & (
  | { readonly type: 'regular' }
  /** `target` is the link's text: `ok.flist`, or `../alice.3bot/small.flist` for one into another repository. */
  | { readonly type: 'symlink'; readonly target: string }
)

/** One row of a repository's listing. */
export type FlistListing = {
  readonly name: string
  readonly type: 'regular' | 'symlink' | 'taglink' | 'tag'
  /** Seconds since epoch. */
  readonly updated: number
  /** As the hub rounds it for people: `1.25 KB`. */
  readonly size: string
  /** Of a link: `ok.flist`, `alice.3bot/small.flist`, `alice.3bot/tags/v1`. */
  readonly target?: string
}

/** Reads the answer of `light`; undefined when it is not one. */
export function readFlistInfo(json: unknown): FlistInfo | undefined {
  if (!isObject(json)) return undefined
  const { name, size, updated, md5, type, target } = json
  if (typeof name !== 'string' || typeof size !== 'number' || typeof updated !== 'number') return undefined
  if (md5 !== null && !(typeof md5 === 'string' && isMd5(md5))) return undefined
  const common = { name, size, updated, md5 }
  if (type === 'regular') return { ...common, type }
  return type === 'symlink' && typeof target === 'string' ? { ...common, type, target } : undefined
}

/** Reads the answer of a listing; undefined when it is not one. */
export function readListing(json: unknown): readonly FlistListing[] | undefined {
  if (!Array.isArray(json)) return undefined
  const listing = json.map(readRow)
  return listing.every((row) => row !== undefined) ? listing : undefined
}

function readRow(row: unknown): FlistListing | undefined {
  if (!isObject(row)) return undefined
  const { name, type, updated, size, target } = row
  if (typeof name !== 'string' || typeof updated !== 'number' || typeof size !== 'string') return undefined
  if (type !== 'regular' && type !== 'symlink' && type !== 'taglink' && type !== 'tag') return undefined
  return { name, type, updated, size, ...(typeof target === 'string' ? { target } : {}) }
}

/** Whether a text is an md5 in hex, as the hub writes it. */
export function isMd5(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text)
}
