// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell and Dockerfile texts

import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quoteArgument, quoteShell } from './shell.ts'

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
