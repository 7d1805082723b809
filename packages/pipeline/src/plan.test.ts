import { expect, test } from 'vitest'
import { decide } from './plan.ts'

const names = { reference: 'r.example/x:1a2b', flist: 'x-1a2b.flist' }
const image = { imageDigest: 'sha256:1' }

test.each([
  [
    'nothing exists',
    { imageDigest: undefined, hub: { flistPublished: false, linkTarget: undefined } },
    'build',
    'never built before',
  ],
  [
    'an older build is published',
    { imageDigest: undefined, hub: { flistPublished: false, linkTarget: 'x-0000.flist' } },
    'build',
    'changed since x-0000.flist',
  ],
  [
    'the image has no flist',
    { ...image, hub: { flistPublished: false, linkTarget: undefined } },
    'convert',
    'was never published',
  ],
  [
    'the link is missing',
    { ...image, hub: { flistPublished: true, linkTarget: undefined } },
    'convert',
    'points to nothing',
  ],
  [
    'the link was moved',
    { ...image, hub: { flistPublished: true, linkTarget: 'other.flist' } },
    'convert',
    'points to other.flist',
  ],
  [
    'all is in place',
    { ...image, hub: { flistPublished: true, linkTarget: 'x-1a2b.flist' } },
    'nothing',
    'are those of x-1a2b.flist',
  ],
  ['only images are wanted and it is there', image, 'nothing', 'are those of r.example/x:1a2b'],
] as const)('%s', (_, state, action, reason) => {
  const decision = decide(state, names)
  expect(decision.action).toBe(action)
  expect(decision.reason).toContain(reason)
})
