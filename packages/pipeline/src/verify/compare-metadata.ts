import { isDeepStrictEqual } from 'node:util'
import type { FlistMetadata, TreeSummary } from '@tf-images/flist'
import type { Difference } from './differences.ts'

/** Rows that an image's config determines. Not `backend`, which says where, and not `image`, which says when and by what. */
const rows = ['entrypoint', 'environ', 'port', 'volume', 'readme'] as const

/** Compares the rows of a flist with those its image asks for. */
export function* compareMetadata(expected: FlistMetadata, actual: FlistMetadata): Generator<Difference> {
  for (const row of rows) {
    if (isDeepStrictEqual(expected[row], actual[row])) continue
    const [wanted, found] = [expected[row], actual[row]].map((value) => JSON.stringify(value) ?? 'not there')
    yield { kind: 'changed', path: 'metadata', field: row, expected: `${wanted}`, actual: `${found}` }
  }
}

/** Versions of the converter that recorded tree hashes which were made otherwise, and cannot be compared. */
const EARLIER_CONVERTER = /^[1-5]$/

/** Compares the hashes that the row `image` records with those of the tree; flists of other writers have none. */
export function* compareRecordedHashes(metadata: FlistMetadata, summary: TreeSummary): Generator<Difference> {
  const recorded = parseRow(metadata.image)
  if (typeof recorded.converter === 'string' && EARLIER_CONVERTER.test(recorded.converter)) return
  for (const hash of ['treeHash', 'contentHash'] as const) {
    const value = recorded[hash]
    if (value === undefined || value === summary[hash]) continue
    const actual = typeof value === 'string' ? value : 'no text'
    yield { kind: 'changed', path: 'metadata', field: `image.${hash}`, expected: summary[hash], actual }
  }
}

function parseRow(row: string | object | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = typeof row === 'string' ? JSON.parse(row) : row
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
