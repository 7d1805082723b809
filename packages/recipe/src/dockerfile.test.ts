// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell and Dockerfile texts

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CONTINUATION,
  formatJson,
  formatRun,
  isDockerfileValue,
  quoteDockerfile,
  tidyCommand,
  unusableText,
} from './dockerfile.ts'

/** Double quotes as moby's Dockerfile shell reads them; throws on what it would expand. */
function readDoubleQuotes(text: string): string {
  expect(text.startsWith('"')).toBe(true)
  let value = ''
  for (let index = 1; index < text.length; index++) {
    const character = text[index] ?? ''
    if (character === '"') {
      expect(index).toBe(text.length - 1)
      return value
    }
    if (character === '$') throw new Error('an expansion')
    const next = text[index + 1] ?? ''
    if (character === '\\' && /["$\\]/.test(next)) index++
    value += character === '\\' && /["$\\]/.test(next) ? next : character
  }
  throw new Error('not closed')
}

describe('values of ENV and LABEL', () => {
  test.each([
    ['plain', '"plain"'],
    ['say "hi"', '"say \\"hi\\""'],
    ['$HOME ${x:-y}', '"\\$HOME \\${x:-y}"'],
    ['a\\', '"a\\\\"'],
    ['{{x}} $(id)', '"{{x}} \\$(id)"'],
    ['', '""'],
  ])('%j', (value, quoted) => {
    expect(quoteDockerfile(value)).toBe(quoted)
  })

  test('any that a Dockerfile can hold are read back as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }).filter(isDockerfileValue), (value) => {
        expect(readDoubleQuotes(quoteDockerfile(value))).toBe(value)
      }),
    )
  })

  test.each(['a\nb', '\r', '\0', '\x7f', '\x1b'])('%j can not be written', (value) => {
    expect(isDockerfileValue(value)).toBe(false)
  })

  test('a tab can', () => {
    expect(isDockerfileValue('a\tb')).toBe(true)
  })
})

describe('RUN', () => {
  const run = (...texts: string[]) => formatRun(texts.map((text) => ({ text, compound: false })))

  test('one command a line', () => {
    expect(run('a', 'b c')).toBe('RUN a \\\n && b c')
  })

  test('broken lines stay broken', () => {
    expect(run(`a ${CONTINUATION}b ${CONTINUATION}c`, 'd')).toBe('RUN a \\\n      b \\\n      c \\\n && d')
  })

  test('a failing command is not hidden by what is joined to it', () => {
    const text = { text: 'b || true', compound: true }
    expect(formatRun([{ text: 'a', compound: false }, text])).toBe('RUN a \\\n && { b || true; }')
  })

  test('what the builder would read as JSON or a flag is grouped', () => {
    expect(run('[ -e /x ]')).toBe('RUN { [ -e /x ]; }')
    expect(run('--x')).toBe('RUN { --x; }')
  })

  test('a line break in a value needs the JSON form', () => {
    expect(run("a 'x\ny'", `b ${CONTINUATION}c`)).toBe('RUN ["/bin/sh","-c","a \'x\\ny\' && b  c"]')
  })

  test('a backslash at the end is no continuation', () => {
    expect(run('a \\\\')).toBe('RUN ["/bin/sh","-c","a \\\\\\\\"]')
  })
})

test.each([
  [`a ${CONTINUATION}  ${CONTINUATION} b`, `a ${CONTINUATION}b`],
  [`a ${CONTINUATION}`, 'a'],
  [`${CONTINUATION}a`, 'a'],
  [`a${CONTINUATION}b`, `a ${CONTINUATION}b`],
])('continuations that conditions leave behind go away: %j', (text, tidy) => {
  expect(tidyCommand(text)).toBe(tidy)
})

test('commands in exec form are JSON', () => {
  expect(formatJson(['/bin/a', 'b "c"', '$d\n'])).toBe('["/bin/a", "b \\"c\\"", "$d\\n"]')
})

test.each([
  ['a\0', 'holds a NUL character'],
  ['\ud800', 'holds half of a surrogate pair'],
  ['😀\n', undefined],
])('%j: %s', (text, reason) => {
  expect(unusableText(text)).toBe(reason)
})
