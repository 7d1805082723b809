import type { FlistMetadata, TreeSummary } from '@tf-images/flist'
import { expect, test } from 'vitest'
import { isEqualContent } from './equal-content.ts'

function content(treeHash: string, metadata: FlistMetadata) {
  return { summary: { treeHash } as TreeSummary, metadata }
}
const image = (row: object) => ({ entrypoint: ['/bin/sh'], image: JSON.stringify(row) })
const origin = { digest: 'sha256:1', imageId: 'sha256:2', converter: '2', treeHash: 'a', contentHash: 'b' }
const published = content(
  'a',
  image({ ...origin, labels: { a: '1', 'io.tf-images.build-id': 'x', 'io.tf-images.inputs': '{}' } }),
)

test.each([
  [
    'another build',
    'a',
    image({ ...origin, digest: 'sha256:9', imageId: 'sha256:8', labels: { 'io.tf-images.build-id': 'y', a: '1' } }),
    true,
  ],
  ['a row as an object', 'a', { image: { ...origin, labels: { a: '1' } }, entrypoint: ['/bin/sh'] }, true],
  ['another tree', 'b', published.metadata, false],
  ['another converter', 'a', image({ ...origin, converter: '3', labels: { a: '1' } }), false],
  ['another label', 'a', image({ ...origin, labels: { a: '2' } }), false],
  ['a user', 'a', image({ ...origin, user: 'www', labels: { a: '1' } }), false],
  ['another command', 'a', { ...published.metadata, entrypoint: ['/bin/bash'] }, false],
  ['another order of the command', 'a', { ...published.metadata, entrypoint: ['-c', '/bin/sh'] }, false],
  ['another backend', 'a', { ...published.metadata, backend: { host: 'h', port: 1 } }, false],
  ['a row more', 'a', { ...published.metadata, note: 'x' }, false],
] as const)('%s', (_, treeHash, metadata, equal) => {
  expect(isEqualContent(published, content(treeHash, metadata))).toBe(equal)
})
