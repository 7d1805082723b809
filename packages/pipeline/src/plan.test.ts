import { expect, test } from 'vitest'
import { decide } from './plan.ts'

const names = { reference: 'r.example/x:1a2b', flist: 'x-1a2b.flist', link: 'x.flist' }
const image = { imageDigest: 'sha256:1' }

test.each([
  [
    'nothing exists',
    { imageDigest: undefined, hub: { flist: undefined, linkTarget: undefined } },
    'build',
    'never built before',
  ],
  [
    'an older build is published',
    { imageDigest: undefined, hub: { flist: undefined, linkTarget: 'x-0000.flist' } },
    'build',
    'changed since x-0000.flist',
  ],
  [
    'the image has no flist',
    { ...image, hub: { flist: undefined, linkTarget: undefined } },
    'convert',
    'was never published',
  ],
  [
    'the link is missing',
    { ...image, hub: { flist: 'x-1a2b.flist', linkTarget: undefined } },
    'convert',
    'points to nothing',
  ],
  [
    'the link was moved',
    { ...image, hub: { flist: 'x-1a2b.flist', linkTarget: 'other.flist' } },
    'convert',
    'points to other.flist',
  ],
  [
    'all is in place',
    { ...image, hub: { flist: 'x-1a2b.flist', linkTarget: 'x-1a2b.flist' } },
    'nothing',
    'are those of x-1a2b.flist',
  ],
  [
    'the build was recorded as equal to an older flist',
    { ...image, hub: { flist: 'x-0000.flist', linkTarget: 'x-0000.flist' } },
    'nothing',
    'are those of x-1a2b.flist, which is equal to x-0000.flist, which the link points to',
  ],
  [
    'the build was recorded as equal to a flist that the link has left',
    { ...image, hub: { flist: 'x-0000.flist', linkTarget: 'x-3333.flist' } },
    'convert',
    'points to x-3333.flist, not to x-0000.flist',
  ],
  [
    'the build was rolled back',
    { ...image, hub: { flist: 'x-1a2b.flist', linkTarget: 'x-0000.flist', withdrawn: true } },
    'nothing',
    'x-1a2b.flist was rolled back, the link points to x-0000.flist',
  ],
  ['only images are wanted and it is there', image, 'nothing', 'are those of r.example/x:1a2b'],
] as const)('%s', (_, state, action, reason) => {
  const decision = decide(state, names)
  expect(decision.action).toBe(action)
  expect(decision.reason).toContain(reason)
})
