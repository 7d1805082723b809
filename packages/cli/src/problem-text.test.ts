import { RecipeError } from '@tf-images/recipe'
import { expect, test } from 'vitest'
import { problemText } from './problem-text.ts'

test('problems are shown with their lines', () => {
  const place = { file: 'recipes/a.yaml', line: 2, column: 3 }
  const problems = [
    { ...place, message: 'is wrong', hint: 'mend it', frame: '> 2 | b: c\n    |   ^\n' },
    { ...place, line: 9, message: 'is worse' },
  ]
  expect(problemText(new RecipeError('invalid', 'recipes: 2 problems\n…', problems))).toBe(`recipes: 2 problems

recipes/a.yaml:2:3: is wrong; mend it
> 2 | b: c
    |   ^

recipes/a.yaml:9:3: is worse`)
})

test('what a machine or a server said reaches no terminal as it is', () => {
  expect(problemText(new Error('last on the console: \x1b]0;x\x07\x9b2J'))).toBe('last on the console: ?]0;x??2J')
})

test('who is told to see the last lines of a tool sees them', () => {
  const error = Object.assign(new Error('tool: was killed; see its last lines'), { output: ['one', 'two'] })
  expect(problemText(error)).toBe('tool: was killed; see its last lines\n  one\n  two')
})

test('any other error is its text', () => {
  expect(problemText(new Error('no disk', { cause: new Error('full') }))).toBe('no disk\n  because: full')
})
