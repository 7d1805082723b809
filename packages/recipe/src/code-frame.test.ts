import { expect, test } from 'vitest'
import { codeFrame, readCodeFrame } from './code-frame.ts'
import { project } from './recipe-fixture.ts'

const text = 'a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n'

test.each([
  ['in the middle', 3, 4, '  1 | a: 1\n  2 | b: 2\n> 3 | c: 3\n    |    ^\n  4 | d: 4\n  5 | e: 5\n'],
  ['at the start', 1, 1, '> 1 | a: 1\n    | ^\n  2 | b: 2\n  3 | c: 3\n'],
  ['at the end', 5, 1, '  3 | c: 3\n  4 | d: 4\n> 5 | e: 5\n    | ^\n'],
  ['after the end', 6, 1, ''],
])('%s', (_, line, column, frame) => {
  expect(codeFrame(text, { line, column })).toBe(frame)
})

test('a terminal is not told anything by the text', () => {
  expect(codeFrame('\x1b[2Jx\ty\r\n', { line: 1, column: 1 })).toBe('> 1 | ·[2Jx y\n    | ^\n')
})

test('long lines are cut', () => {
  expect(codeFrame('x'.repeat(500), { line: 1, column: 400 })).toBe(`> 1 | ${'x'.repeat(119)}…\n`)
})

test('of a file, or of one that is not there', async () => {
  const root = await project({ 'recipes/images/site/note': 'one\n' })
  expect(await readCodeFrame(root, { file: 'recipes/images/site/note', line: 1, column: 2 })).toContain('> 1 | one\n')
  expect(await readCodeFrame(root, { file: 'recipes/images/site/none', line: 1, column: 2 })).toBe('')
})
