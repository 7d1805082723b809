import { expect, test } from 'vitest'
import { visibleText } from './visible-text.ts'

test.each([
  ['a\tb\nc – ü', 'a\tb\nc – ü'],
  ['\x1b[2Jgone\r\x07', '?[2Jgone??'],
  ['\x9b2J, \x7f', '?2J, ?'],
  ['user\u202eexe.txt', 'user?exe.txt'],
])('%j is shown as %j', (text, shown) => expect(visibleText(text)).toBe(shown))
