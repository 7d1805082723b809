import { expect, test } from 'vitest'
import { parseCount, parseSize } from './size-text.ts'

test.each([
  ['1', 1],
  ['1000000', 1_000_000],
  ['512K', 524_288],
  ['512k', 524_288],
  ['10G', 10 * 1024 ** 3],
  ['10GiB', 10 * 1024 ** 3],
  ['10gb', 10 * 1024 ** 3],
  ['2T', 2 * 1024 ** 4],
  ['100B', 100],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each(['', '0', '-1', '1.5G', 'G', '10X', '1e9', '9007199254740993', '9999999T'])('%j is no size', (text) => {
  expect(() => parseSize(text)).toThrow(`${JSON.stringify(text)}: no number of bytes; write 1000000, 512M or 10G`)
})

test.each(['0', '-1', 'x', '1.5', ''])('%j is no count', (text) => {
  expect(parseCount('200')).toBe(200)
  expect(() => parseCount(text)).toThrow(`${JSON.stringify(text)}: no whole number above zero; write 200 or 1000000`)
})
