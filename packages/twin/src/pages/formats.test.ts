import { expect, test } from 'vitest'
import { encodeBytes, encodeName, shownMode, shownName, shownSize, shownTime } from './formats.ts'
import { html } from './html.ts'

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1.00 KiB'],
  [1_500_000, '1.43 MiB'],
  [20 * 1024 ** 4, '20.0 TiB'],
  [Number.MAX_SAFE_INTEGER, '8.00 PiB'],
])('%i is %s', (bytes, text) => expect(shownSize(bytes)).toBe(text))

test.each([
  ['regular', 0o644, '-rw-r--r--'],
  ['regular', 0o4755, '-rwsr-xr-x'],
  ['regular', 0o6644, '-rwSr-Sr--'],
  ['directory', 0o1777, 'drwxrwxrwt'],
  ['directory', 0o1770, 'drwxrwx--T'],
  ['symlink', 0o777, 'lrwxrwxrwx'],
  ['special', 0o000, 's---------'],
] as const)('%s %o is %s', (type, mode, text) => expect(shownMode(type, mode)).toBe(text))

test('a time no calendar has is its number', () => {
  expect(shownTime(0).text).toBe('<time datetime="1970-01-01T00:00:00Z">1970-01-01 00:00:00</time>')
  expect(shownTime(1e15).text).toBe('1000000000000000')
})

test('what can not be seen in a name is written out', () => {
  expect(shownName('a\tb\u202ec\u200bd').text).toBe('<bdi>a\\u{9}b\\u{202e}c\\u{200b}d</bdi>')
})

test('every byte of a name survives in an address', () => {
  expect(encodeBytes('a/b\xff %')).toBe('a/b%ff%20%25')
  expect(encodeName('ü/?')).toBe('%c3%bc%2f%3f')
})

test('a template escapes texts, joins lists and leaves out nothing', () => {
  expect(html`<a title="${'"<&\'>'}">${['x', html`<b>${1}</b>`, undefined]}</a>`.text).toBe(
    '<a title="&quot;&lt;&amp;&#39;&gt;">x<b>1</b></a>',
  )
})
