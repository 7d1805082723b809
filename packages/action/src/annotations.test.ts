import { afterEach, expect, test, vi } from 'vitest'
import { annotateFailures, findingsOf } from './annotations.ts'

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

function annotate(...args: Parameters<typeof annotateFailures>): string[] {
  const log: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    log.push(String(text).trim())
    return true
  })
  annotateFailures(...args)
  return log
}

const place = (line: number) => ({ file: 'recipes/images/nginx/image.yaml', line, column: 7 })

test('a failure is put on the line of the recipe it comes from, below the folder with the recipes', () => {
  const log = annotate([{ text: 'does not build\ncode', place: place(12) }], 'sub')
  expect(log[0]).toBe(
    '::error title=does not build,file=sub/recipes/images/nginx/image.yaml,line=12,col=7::does not build%0Acode',
  )
  expect(process.exitCode).toBe(1)
})

test('more than GitHub shows are counted', () => {
  const log = annotate(
    Array.from({ length: 40 }, (_, n) => ({ text: `problem ${n}`, place: place(n + 1) })),
    '.',
  )
  expect(log.filter((line) => line.includes(',file=')).length).toBe(9)
  expect(log.join('\n')).toContain('and 31 more; they are in the log and in the summary')
})

test('a text that is too long is cut, with a word', () => {
  const [line = ''] = annotate([{ text: 'x'.repeat(100_000) }], '.')
  expect(line.length).toBeLessThan(5_000)
  expect(line).toContain('cut here; the whole text is in the log')
})

test('what comes from elsewhere ends no annotation and begins no other', () => {
  const [line = ''] = annotate([{ text: 'a\r\n::error::forged', place: { file: 'a,b:c', line: 1, column: 1 } }], '.')
  expect(line.split('\n')).toHaveLength(1)
  expect(line).toContain('file=a%2Cb%3Ac')
})

test('all problems of recipes are found, each at its line', () => {
  const problems = [1, 2].map((line) => ({ ...place(line), message: `wrong ${line}`, hint: 'mend it' }))
  const error = Object.assign(new Error('recipes: 2 problems'), { name: 'RecipeError', problems })
  expect(findingsOf(error).map(({ text }) => text)).toEqual([
    'recipes/images/nginx/image.yaml:1:7: wrong 1; mend it',
    'recipes/images/nginx/image.yaml:2:7: wrong 2; mend it',
  ])
})
