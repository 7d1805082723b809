// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell and Dockerfile texts

import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quoteShell } from './shell.ts'
import { ShellScanner } from './shell-scanner.ts'

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
    ['"$$(', 'after a bracket or quote right after "$$"'],
    ['"$${x))<"', 'after a bracket or quote right after "$$"'],
    ['x $$', 'right after a "$"'],
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
    ['x $(("1")) ', 'after a quote inside $((…))'],
    ['((x = ', 'after a "((", which may be arithmetic'],
    ['x $[1 + ', 'after a $[…]'],
    ['x ${$(y)} ', 'after an unusual ${…}'],
    ['x "$\\\n(y)" ', 'after an operator on two lines'],
    ['cat <\\\n<E\n', 'after an operator on two lines'],
    ['$(x)# "\n', 'after a "#" that may begin a comment'],
    ['$(\\))#"\n', 'after a "#" that may begin a comment'],
    ['\\\n#"\n"', 'after a "#" that may begin a comment'],
    ['$((1))#"\n', 'inside double quotes'],
    ['x\u00a0#"\n', 'after a character that only some shells take for a blank'],
    ['x\r\n', 'after a character that only some shells take for a blank'],
  ])('not after %j: %s', (text, reason) => {
    expect(refusalAfter(text)).toBe(reason)
  })

  // The scanner may refuse what would be safe; what it allows must be data in every shell text there is.
  test.each(['/bin/sh', '/bin/bash'])('a value put in where it is allowed never runs in %s', (shell) => {
    const quoting = ['"', "'", '`', '$(', ')', '${x', '}', '$((', '))', '\\', '\\\n', '#', '\n', ' ', 'x']
    const others = 'echo |$|case a in a) |;; esac |<<E\n|=|>f |&|${x:-|${x#|((|[|\r|\t|$#|{ |; }|if x; then |;fi |<('
    const piece = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...quoting) },
      { weight: 1, arbitrary: fc.constantFrom(...others.split('|')) },
    )
    const text = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''))
    const ending = fc.oneof(fc.constantFrom('', '"', "'", '`', ')', ')"', '}"', '))"'), text)
    const marker = `'\n"; printf pwned >&3; $(printf pwned >&3) \`printf pwned >&3\` }; #`
    fc.assert(
      fc.property(text, ending, (before, after) => {
        fc.pre(refusalAfter(before) === undefined)
        const { output } = spawnSync(shell, ['-c', `${before}${quoteShell(marker)}${after}`], {
          stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
          cwd: '/proc',
          encoding: 'utf8',
          timeout: 5000,
        })
        expect(output[3]).toBe('')
      }),
      { numRuns: 250 },
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

  test.each(['a;', 'a |', 'a &'])('%j before a block is taken for compound', (text) => {
    const scanner = new ShellScanner()
    scanner.text(text)
    scanner.point()
    expect(scanner.traits.compound).toBe(true)
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
