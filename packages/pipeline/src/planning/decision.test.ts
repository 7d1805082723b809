import { expect, test } from 'vitest'
import { decide } from './decision.ts'

const names = { reference: 'r.example/x:1a2b', flist: 'x-1a2b.flist', link: 'x.flist' }
const image = { imageDigest: 'sha256:1' }
const published = { flist: 'x-1a2b.flist', linkTarget: 'x-1a2b.flist' }

test.each([
  ['only images are wanted and it is there', image, 'nothing', 'up to date: r.example/x:1a2b'],
  ['all is in place', { ...image, hub: published }, 'nothing', 'up to date: x-1a2b.flist'],
  [
    'the build was recorded as equal to an older flist',
    { ...image, hub: { flist: 'x-0000.flist', linkTarget: 'x-0000.flist' } },
    'nothing',
    'up to date: x-1a2b.flist, which is equal to x-0000.flist',
  ],
  [
    'nothing of it was ever published',
    { ...image, hub: { flist: undefined, linkTarget: undefined } },
    'convert',
    'never published: there is no x-1a2b.flist',
  ],
  [
    'an older build is published',
    { ...image, hub: { flist: undefined, linkTarget: 'x-0000.flist' } },
    'convert',
    'r.example/x:1a2b has no flist: there is no x-1a2b.flist, x.flist leads to x-0000.flist',
  ],
  [
    'it is converted here',
    { ...image, converted: true, hub: { flist: undefined, linkTarget: undefined } },
    'publish',
    'never published: there is no x-1a2b.flist',
  ],
  [
    'the link is missing',
    { ...image, hub: { ...published, linkTarget: undefined } },
    'relink',
    'x-1a2b.flist is published, and there is no x.flist',
  ],
  [
    'the link was moved',
    { ...image, hub: { ...published, linkTarget: 'other.flist' } },
    'relink',
    'link drifted: x.flist leads to other.flist, and not to x-1a2b.flist',
  ],
  [
    'the link has left the flist that the build is equal to',
    { ...image, hub: { flist: 'x-0000.flist', linkTarget: 'x-3333.flist' } },
    'relink',
    'link drifted: x.flist leads to x-3333.flist, and not to x-0000.flist',
  ],
  [
    'the build was rolled back',
    { ...image, hub: { flist: 'x-1a2b.flist', linkTarget: 'x-0000.flist', withdrawn: true } },
    'nothing',
    'held: x-1a2b.flist was rolled back, x.flist leads to x-0000.flist',
  ],
] as const)('%s', (_, state, action, reason) => {
  const decision = decide(state, names)
  expect(decision).toMatchObject({ action, reasons: [{ text: expect.stringContaining(reason) }] })
})

test('without the image all has to be done, whatever the hub has', () => {
  expect(decide({ imageDigest: undefined, hub: published }, names)).toEqual({ action: 'build' })
})
