import { expect, test } from 'vitest'
import { type PublishFacts, planPublication } from './publish-plan.ts'

const NAME = 'app-000000000002.flist'
const OLD = 'app-000000000001.flist'
const amount = (chunks: number) => ({ chunks, bytes: 10 * chunks })
const storage = (toSend: number) => ({
  flistBytes: 100,
  files: 3,
  fileBytes: 30,
  unique: amount(3),
  onBackend: amount(3 - toSend),
  toSend: amount(toSend),
  largestNew: [],
})
const link = { name: 'app.flist', target: OLD, leadsTo: OLD, isFile: false }
const facts: PublishFacts = {
  account: 'alice.3bot',
  name: NAME,
  nameState: { kind: 'absent' },
  links: [link],
  leftovers: [],
  storage: storage(2),
  route: { route: 'native', reason: 'asked for' },
}
const equalName = { kind: 'equal', target: NAME, md5: 'a' } as const
const linked = { ...link, target: NAME, leadsTo: NAME }

test.each<[string, Partial<PublishFacts>, string, readonly string[]]>([
  ['a new flist', {}, 'publish', ['chunks', 'upload', 'check', 'name', 'link', 'check links']],
  ['all chunks there', { storage: storage(0) }, 'publish', ['upload', 'check', 'name', 'link', 'check links']],
  ['no link', { links: [] }, 'publish', ['chunks', 'upload', 'check', 'name']],
  ['all in place', { nameState: equalName, links: [linked], storage: storage(0) }, 'nothing', []],
  ['the link is elsewhere', { nameState: equalName, storage: storage(0) }, 'finish', ['link', 'check links']],
  ['chunks were lost', { nameState: equalName, links: [linked] }, 'finish', ['chunks']],
  ['equal content', { equal: { name: OLD, md5: 'b' }, storage: storage(0) }, 'equal', ['record']],
  [
    'equal content, and a second link that is elsewhere',
    { equal: { name: OLD, md5: 'b' }, storage: storage(0), links: [link, { ...linked, name: 'b.flist' }] },
    'equal',
    ['record', 'link', 'check links'],
  ],
  [
    'a link through another link',
    { nameState: equalName, links: [{ ...link, target: 'stable.flist', leadsTo: NAME }], storage: storage(0) },
    'nothing',
    [],
  ],
  [
    'half a flist at the name',
    { nameState: { kind: 'damaged', problem: 'cut off', md5: 'c' }, storage: storage(0) },
    'publish',
    ['upload', 'check', 'name', 'link', 'check links'],
  ],
  [
    'leftovers',
    { nameState: equalName, links: [linked], storage: storage(0), leftovers: ['x.upload.flist'] },
    'finish',
    ['clean'],
  ],
  [
    'an archive',
    { route: { route: 'archive', reason: 'asked for' } },
    'publish',
    ['upload', 'check', 'name', 'link', 'check links'],
  ],
])('%s', (_, change, outcome, kinds) => {
  const plan = planPublication({ ...facts, ...change }, { replace: false })
  expect(plan.outcome).toBe(outcome)
  expect(plan.steps.map(({ kind }) => kind)).toEqual(kinds)
})

test('links move in the order in which they were given', () => {
  const links = ['b.flist', 'a.flist'].map((name) => ({ ...link, name }))
  const { steps } = planPublication({ ...facts, links }, { replace: false })
  expect(steps.filter(({ kind }) => kind === 'link').map(({ name }) => name)).toEqual(['b.flist', 'a.flist'])
})

test('all names that are taken are told at once', () => {
  const taken = { ...facts, nameState: { kind: 'other', md5: 'd' } as const, links: [{ ...link, isFile: true }] }
  expect(() => planPublication(taken, { replace: false })).toThrow(
    `"alice.3bot/app.flist": is a flist and no link; rename or delete it, or choose another link
"alice.3bot/${NAME}": has other content, and a published name keeps its content; choose another name, or ask for it to be replaced`,
  )
  const replaced = planPublication({ ...taken, links: [link] }, { replace: true })
  expect(replaced).toMatchObject({ outcome: 'publish', taken: 'd' })
})
