import { expect, test } from 'vitest'
import { formatReport } from './report.ts'

test('an unchanged image says why, and where it is', () => {
  const text = formatReport({
    name: 'nginx',
    status: 'unchanged',
    decision: { action: 'nothing', reason: 'recipe is the same' },
    flist: 'nginx-1a2b3c4d5e6f.flist',
    link: 'nginx.flist',
    buildId: 'f'.repeat(64),
    base: 'r/debian@sha256:0',
    reference: 'r/nginx@sha256:1',
    flistUrl: 'http://hub/u/nginx-ffff.flist',
    linkUrl: 'http://hub/u/nginx.flist',
    durations: { base: 20, plan: 40 },
  })
  expect(text).toBe(`nginx
  status  unchanged: recipe is the same
  image   r/nginx@sha256:1
  flist   http://hub/u/nginx-ffff.flist
  link    http://hub/u/nginx.flist
  time    base 0.0 s, plan 0.0 s`)
})

test('a converted image says what its flist does not hold', () => {
  const finding = { severity: 'lost', count: 1, examples: [] } as const
  const text = formatReport({
    name: 'nginx',
    status: 'built',
    decision: { action: 'build', reason: 'new' },
    flist: 'nginx-1a2b3c4d5e6f.flist',
    link: 'nginx.flist',
    buildId: 'f'.repeat(64),
    base: 'r/debian@sha256:0',
    durations: { convert: 1000 },
    conversion: {
      flist: 'nginx.flist',
      ...{ files: 1, directories: 2, symlinks: 3, specials: 4, bytes: 5, chunks: 1, uniqueChunks: 1, flistBytes: 6 },
      ...{ treeHash: 'aa', contentHash: 'bb', oversizedDirectories: [], newChunks: 1, newBytes: 5 },
      fidelity: { findings: [{ class: 'file-capabilities', ...finding }], config: [] },
    },
  })
  expect(text).toContain('\n  tree hash   aa\n  fidelity    lost: file-capabilities 1\n')
})
