import { expect, test } from 'vitest'
import { createRedactor, secretArguments } from './redaction.ts'

test.each([
  ['every place', ['hunter22'], 'hunter22 or xhunter22x', '*** or x***x'],
  ['the longer of two that overlap', ['abcd', 'abcdef'], 'abcdef abcd', '*** ***'],
  ['each line of a key', ['-----BEGIN-----\nc2VjcmV0\n'], 'c2VjcmV0', '***'],
  ['not what would hide everything', ['1', '', '   '], '1 + 1', '1 + 1'],
])('hides %s', (_name, secrets, text, shown) => {
  expect(createRedactor(secrets)(text)).toBe(shown)
})

test('build arguments are secret by their names', () => {
  const names = {
    NPM_TOKEN: 'a',
    DB_PASSWORD: 'b',
    API_KEY: 'c',
    GH_SECRET: 'd',
    BASE: 'e',
    KEYBOARD: 'f',
    VERSION: 'g',
  }
  expect(secretArguments(names)).toEqual(['a', 'b', 'c', 'd'])
})
