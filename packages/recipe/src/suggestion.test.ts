import { expect, test } from 'vitest'
import { suggest } from './suggestion.ts'

const KNOWN = ['sshd', 'nginx', 'boolean']

test.each([
  ['sshdd', 'did you mean "sshd"?'],
  ['shsd', 'did you mean "sshd"?'],
  ['SSHD', 'did you mean "sshd"?'],
  ['ngnix', 'did you mean "nginx"?'],
  ['bool', 'did you mean "boolean"?'],
  ['redis', 'known: "sshd", "nginx", "boolean"'],
])('%s: %s', (name, hint) => {
  expect(suggest(name, KNOWN)).toBe(hint)
})

test('says nothing when there is nothing to say, or too much', () => {
  expect(suggest('x', [])).toBeUndefined()
  expect(
    suggest(
      'zzz',
      Array.from({ length: 13 }, (_, index) => `name${index}`),
    ),
  ).toBeUndefined()
})
