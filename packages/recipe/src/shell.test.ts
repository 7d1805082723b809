// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell and Dockerfile texts

import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quoteArgument, quoteShell, ShellScanner } from './shell.ts'

/** What a shell makes of a text: the arguments it hands to a program. */
function shellArguments(words: string): string[] {
  const { stdout, status, stderr } = spawnSync('/bin/sh', ['-c', `printf '%s\\0' ${words}`], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout.split('\0').slice(0, -1)
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '(', ')', '{', '}', ';', '&', '#', '~', '*', 'a'),
  }),
)
const value = hostile.filter((text) => !text.includes('\0') && text.isWellFormed())

describe('quoting for a shell', () => {
  test.each(['', "it's", '$(id)', '`id`', 'a\nb\n', '"', '\\', '~', '*', '-n', '{{x}}', '${HOME}', '!', '\t', '\r'])(
    '%j is one word and stays what it is',
    (text) => {
      expect(shellArguments(quoteShell(text))).toEqual([text])
      expect(shellArguments(quoteArgument(text))).toEqual([text])
    },
  )

  test('any list of values arrives as it was', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 8 }), (values) => {
        expect(shellArguments(values.map(quoteShell).join(' '))).toEqual(values)
        expect(shellArguments(values.map(quoteArgument).join(' '))).toEqual(values)
      }),
      { numRuns: 150 },
    )
  })

  test('arguments that no shell reads as more stay readable', () => {
    expect(quoteArgument('--port=8080')).toBe("'--port=8080'")
    expect(quoteArgument('/usr/sbin/sshd')).toBe('/usr/sbin/sshd')
  })
})

/** Why a value can not be put in after the text, as the scanner sees it. */
function refusalAfter(text: string): string | undefined {
  const scanner = new ShellScanner()
  scanner.text(text)
  return scanner.value()
}

describe('where a quoted value is safe', () => {
  test.each([
    'echo ',
    'a=',
    '--x=',
    'x "$HOME" ',
    "x 'a' ",
    'x "$(cat ',
    'x $(cat ',
    'x "a$(b "c" d)" ',
    'x $((1 + (2 * 3))) ',
    'x ${y:-z} ',
    'x "${y:-"z"}" ',
    'case $x in a) b ;; esac; ',
    'x `date` ',
    '$(case a in a) b;; esac) ',
    "x \\' ",
    'x \\" ',
    'x a#b ',
    'x $# ',
    'x $$ ',
    '# comment\n',
    'x "\\"" ',
    'x \\\n  ',
  ])('after %j', (text) => {
    expect(refusalAfter(text)).toBeUndefined()
  })

  test.each([
    ['"', 'inside double quotes'],
    ["'", 'inside single quotes'],
    ['x `', 'inside backquotes'],
    ['x # ', 'inside a comment'],
    ['x "$(y "', 'inside double quotes'],
    ['"$$(', 'inside double quotes'],
    ['x ${y:-', 'inside ${…}'],
    ['x $((', 'inside $((…))'],
    ['x $((1 + (', 'inside $((…))'],
    ['x \\', 'right after a backslash'],
    ['x $', 'right after a "$"'],
    ["x $'a' ", "after a $'…'"],
    ['cat <<E\n', 'after a here-document'],
    ['x "$(case a in a) echo "', 'after a case inside quotes'],
    ["x ${y#'} ", 'after a quote inside ${…}'],
    ['x $((1) + 2) ', 'after a parenthesis that may be arithmetic'],
  ])('not after %j: %s', (text, reason) => {
    expect(refusalAfter(text)).toBe(reason)
  })

  // The scanner may refuse what would be safe; what it allows must be data in every shell text there is.
  test('a value put in where it is allowed never runs and never changes', () => {
    const piece = fc.constantFrom(
      '"',
      "'",
      '`',
      '$(',
      ')',
      '${',
      '}',
      '$((',
      '))',
      '\\',
      '#',
      ' ',
      '\n',
      'echo ',
      'x',
      '$',
      'case a in a) ',
      ';; esac ',
      '<<E\n',
      '=',
      '>f ',
      '|',
      '&',
    )
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    const marker = `'\n"; printf pwned >&3; $(printf pwned >&3) \`printf pwned >&3\` }; #`
    fc.assert(
      fc.property(text, text, (before, after) => {
        fc.pre(refusalAfter(before) === undefined)
        const script = `${before}${quoteShell(marker)}${after}`
        const { output } = spawnSync('/bin/sh', ['-c', script], {
          stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
          cwd: '/proc',
          encoding: 'utf8',
          timeout: 5000,
        })
        expect(output[3]).toBe('')
      }),
      { numRuns: 300 },
    )
  })
})

describe('what a shell text is made of', () => {
  const traits = (text: string) => {
    const scanner = new ShellScanner()
    scanner.text(`${text} `)
    return scanner.traits
  }

  test.each(['a; b', 'a || b', 'a & b', 'if a; then b; fi', '(a) & b', 'a;'])('%j is compound', (text) => {
    expect(traits(text).compound).toBe(true)
  })

  test.each(['a && b', 'a | b', 'a 2>&1', 'a "; b"', "a '||'", 'a \\; b', 'a &> b', '(a)'])('%j is not', (text) => {
    expect(traits(text).compound).toBe(false)
  })

  test.each([
    ['a "b', 'double quotes not closed'],
    ["a 'b", 'single quotes not closed'],
    ['a $(b', 'a parenthesis not closed'],
    ['a &&', '"&&" at the end'],
    ['a &', '"&" at the end'],
    ['a \\', 'a backslash at the end'],
    ['a', undefined],
  ])('%j ends: %s', (text, reason) => {
    const scanner = new ShellScanner()
    scanner.text(text)
    expect(scanner.end()).toBe(reason)
  })
})
