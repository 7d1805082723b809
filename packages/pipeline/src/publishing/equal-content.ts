import type { FlistMetadata } from '@tf-images/flist'
import { INPUTS_LABEL } from '../build-id.ts'
import type { FlistContent } from './flist-content.ts'

/** What says where a flist came from and not what is in it: another build of the same content differs in these. */
const ORIGIN = new Set(['digest', 'imageId', 'treeHash', 'contentHash'])
const BUILD_LABELS = new Set(['io.tf-images.build-id', INPUTS_LABEL])

/**
 * Whether two flists are the same to who uses them: equal trees, and equal metadata but for the build they came from. A
 * command or a port is content, too: an image whose tree stayed and whose command changed has to be published.
 */
export function isEqualContent(
  a: Pick<FlistContent, 'summary' | 'metadata'>,
  b: Pick<FlistContent, 'summary' | 'metadata'>,
): boolean {
  return a.summary.treeHash === b.summary.treeHash && usedMetadata(a.metadata) === usedMetadata(b.metadata)
}

/** The metadata as one text, without what is of the build. */
function usedMetadata(metadata: FlistMetadata): string {
  const rows = Object.entries(metadata).map(([key, value]): [string, unknown] => {
    const row = parsed(value)
    return [key, key === 'image' && isObject(row) ? withoutOrigin(row) : row]
  })
  return JSON.stringify(sorted(Object.fromEntries(rows)))
}

/** Rows that the format does not know come back as text, whether they were written as an object or not. */
function parsed(value: string | object): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function withoutOrigin(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { labels, ...rest } = row
  const kept = Object.entries(rest).filter(([key]) => !ORIGIN.has(key))
  const others = Object.entries(isObject(labels) ? labels : {}).filter(([name]) => !BUILD_LABELS.has(name))
  return { ...Object.fromEntries(kept), labels: Object.fromEntries(others) }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, field]) => [key, sorted(field)]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
