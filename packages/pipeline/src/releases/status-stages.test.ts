import { expect, test } from 'vitest'
import { describeStages, type StatusFacts } from './status-stages.ts'

const names = { reference: 'r/x:1a2b', latest: 'r/x:latest', flist: 'x-1a2b.flist', link: 'x.flist' }
const image = { digest: 'sha256:1', latest: 'sha256:1' }
const flist = {
  flist: 'x-1a2b.flist',
  madeFrom: 'sha256:1',
  link: 'x-1a2b.flist',
  leadsTo: 'x-1a2b.flist',
  withdrawn: false,
}
const current: StatusFacts = { names, drift: [], image, flist }
const {
  flist: _flist,
  madeFrom: _madeFrom,
  ...unpublished
} = { ...flist, link: 'x-0000.flist', leadsTo: 'x-0000.flist' }

test.each<[string, StatusFacts, readonly string[], string]>([
  ['all is current', current, ['current', 'current', 'current', 'current'], 'x.flist leads to x-1a2b.flist'],
  ['without a hub', { names, drift: [], image }, ['current', 'current'], 'r/x:1a2b, which is latest'],
  [
    'an edited Dockerfile',
    { ...current, drift: ['dockerfiles/x/Dockerfile', 'dockerfiles/x/files/a'] },
    ['behind', 'current', 'current', 'current'],
    'dockerfiles/x/Dockerfile and 1 other files: not as the recipe renders it; run: flist render',
  ],
  [
    'a changed recipe',
    { ...current, image: { latest: 'sha256:0' }, flist: unpublished },
    ['current', 'behind', 'missing', 'behind'],
    'recipe or base changed since r/x:latest was built: there is no r/x:1a2b',
  ],
  [
    'never built',
    { names, drift: [], image: {}, flist: { link: undefined, withdrawn: false } },
    ['current', 'missing', 'missing', 'missing'],
    'there is no x.flist: users get nothing',
  ],
  [
    'an image without an equivalent flist',
    { ...current, flist: unpublished },
    ['current', 'current', 'missing', 'behind'],
    'the image has no equivalent flist: there is no x-1a2b.flist',
  ],
  [
    'latest was moved',
    { ...current, image: { digest: 'sha256:1', latest: 'sha256:7' } },
    ['current', 'behind', 'current', 'current'],
    'r/x:latest is sha256:7, and not sha256:1',
  ],
  [
    'a flist of another image',
    { ...current, flist: { ...flist, madeFrom: 'sha256:7' } },
    ['current', 'current', 'behind', 'current'],
    'x-1a2b.flist was made from sha256:7, the image is sha256:1',
  ],
  [
    'a build recorded as equal',
    { ...current, flist: { ...flist, flist: 'x-0000.flist', madeFrom: 'sha256:0', leadsTo: 'x-0000.flist' } },
    ['current', 'current', 'current', 'current'],
    'x-1a2b.flist is equal to x-0000.flist',
  ],
  [
    'rolled back',
    { ...current, flist: { ...flist, link: 'x-0000.flist', leadsTo: 'x-0000.flist', withdrawn: true } },
    ['current', 'current', 'current', 'held'],
    'x.flist leads to x-0000.flist, because x-1a2b.flist was rolled back',
  ],
  [
    'a base that no registry has',
    { names, drift: [], baseProblem: 'no registry has its base', flist },
    ['current', 'unknown', 'unknown', 'unknown'],
    'no registry has its base',
  ],
  [
    'a link that is a flist',
    { ...current, flist: { flist: 'x-1a2b.flist', link: 'a flist', withdrawn: false } },
    ['current', 'current', 'current', 'behind'],
    'x.flist is a flist and leads to no flist of this account',
  ],
])('%s', (_, facts, states, text) => {
  const stages = describeStages(facts)
  expect(stages.map(({ state }) => state)).toEqual(states)
  expect(stages.map((stage) => stage.text)).toContain(text)
})
