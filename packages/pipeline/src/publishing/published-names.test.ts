import { expect, test } from 'vitest'
import { checkLinkName, checkPublishedNames } from './published-names.ts'

const NAME = 'nginx-1.27-1a2b3c4d5e6f.flist'

test.each([
  [NAME, []],
  [NAME, ['nginx-1.27.flist', 'nginx.flist']],
  [`${'n'.repeat(214)}.flist`, ['n.flist']],
])('%s with the links %j is taken', (name, links) => {
  expect(() => checkPublishedNames(name, links)).not.toThrow()
})

test.each([
  ['nginx', [], 'flist name "nginx": does not end in ".flist"; append it'],
  [NAME, ['nginx'], 'flist name "nginx": does not end in ".flist"; append it'],
  [NAME, [NAME], `flist name "${NAME}": is that of a link, too; give the flist a name of its own`],
  [NAME, ['a.flist', 'a.flist'], 'link "a.flist": is given more than once; leave the others out'],
  [`${'n'.repeat(215)}.flist`, [], 'has 221 characters; use at most 220'],
])('%s with the links %j is refused', (name, links, text) => {
  expect(() => checkPublishedNames(name, links)).toThrow(text)
})

test('all problems are told at once', () => {
  const problems = () => checkPublishedNames('sp ace.flist', ['../up.flist', 'nginx'])
  expect(problems).toThrow(/^flist name "sp ace\.flist": .*\nflist name "\.\.\/up\.flist": .*\nflist name "nginx": /)
  expect(problems).toThrow(expect.objectContaining({ code: 'name-refused' }))
})

test('the name of a link alone', () => {
  expect(() => checkLinkName('nginx.flist')).not.toThrow()
  expect(() => checkLinkName('sp ace.flist')).toThrow(expect.objectContaining({ code: 'name-refused' }))
})
