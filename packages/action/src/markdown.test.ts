import { expect, test } from 'vitest'
import { code, text } from './markdown.ts'

test.each(['<img src=x>', '| a | b |', '@someone', '[a](http://evil)', '**bold**', '`code`', '$x$', 'a\n# title'])(
  '%j means nothing but itself',
  (value) => {
    expect(text(value)).not.toMatch(/[<>|@[\]()*`$\n]/)
    expect(code(value)).toBe(`<code>${text(value)}</code>`)
  },
)
