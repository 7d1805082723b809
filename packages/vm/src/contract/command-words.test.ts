import { expect, test } from 'vitest'
import { commandWords } from './command-words.ts'

test.each<[string, string[]]>([
  ['', []],
  ['  ', []],
  ['/start.sh', ['/start.sh']],
  [' /a  b\tc ', ['/a', 'b', 'c']],
  [`/a "b c" 'd "e'`, ['/a', 'b c', 'd "e']],
  [`/a "" ''`, ['/a', '', '']],
  [`a"b"'c'd`, ['abcd']],
  [String.raw`a\ b "c\"d" 'e\f'`, ['a b', 'c"d', String.raw`e\f`]],
  ['$HOME `x`', ['$HOME', '`x`']],
])('%j', (command, words) => expect(commandWords(command)).toEqual(words))

test('a quote that is not closed', () => {
  expect(() => commandWords('/a "b')).toThrow('entrypoint "/a \\"b": a " is not closed; close it')
})
