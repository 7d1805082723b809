import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLineSplitter } from './output-lines.ts'

function lines(...pieces: string[]): string[] {
  const seen: string[] = []
  const splitter = createLineSplitter((line) => seen.push(line))
  for (const piece of pieces) splitter.write(piece)
  splitter.end()
  return seen
}

test.each([
  ['several lines in one piece', ['a\nb\n'], ['a', 'b']],
  ['a line in several pieces', ['a', 'b', '\nc'], ['ab', 'c']],
  ['the red that the engine puts around stderr', ['\u001b[91merr\n\u001b[0m', 'out\n'], ['err', 'out']],
  ['a colour code cut in two', ['\u001b[9', '1mred\u001b[0m\n'], ['red']],
  ['a progress bar', ['  1%\r 50%\r100%\n'], ['100%']],
  ['Windows line ends', ['a\r\nb\r\n'], ['a', 'b']],
  ['control characters', ['a\u0007\u0000b\tc\n'], ['ab\tc']],
  ['empty lines', ['\n\n \n\u001b[0m\n'], []],
])('%s', (_name, pieces, expected) => {
  expect(lines(...pieces)).toEqual(expected)
})

test('a line without an end comes in pieces', () => {
  const seen = lines('x'.repeat(40_000))
  expect(seen.map((line) => line.length)).toEqual([16_384, 16_384, 7_232])
})

test('where the pieces are cut makes no difference', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'bc', '\n', '\r', '\u001b[1m', 'é', '\t')),
      fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
      (parts, cuts) => {
        const text = parts.join('')
        const pieces: string[] = []
        for (let at = 0; at < text.length; ) {
          const step = cuts.next().value
          pieces.push(text.slice(at, at + step))
          at += step
        }
        expect(lines(...pieces)).toEqual(lines(text))
      },
    ),
  )
})
