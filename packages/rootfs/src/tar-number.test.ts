import { expect, test } from 'vitest'
import { parseTarNumber } from './tar-number.ts'

const base256 = (...bytes: number[]) => Buffer.from(bytes).toString('latin1')
const wide = (value: bigint) => {
  const bytes = Buffer.alloc(12, value < 0n ? 0xff : 0)
  bytes.writeBigInt64BE(value, 4)
  bytes[0] = value < 0n ? 0xff : 0x80
  return bytes.toString('latin1')
}

test.each([
  ['octal digits with a NUL', '0000644\0', 0o644],
  ['octal digits with a space and a NUL', '000644 \0', 0o644],
  ['octal digits in the whole field', '77777777', 0o77777777],
  ['leading spaces, as tars of the 1980s wrote', '   644 \0', 0o644],
  ['leading NULs', '\0\0\x30644\0\0', 0o644],
  ['an empty field', '\0\0\0\0\0\0\0\0', 0],
  ['what stands after the end of the number', '0644\0xyz', 0o644],
  ['base-256', base256(0x80, 0, 0, 0, 0, 0x0f, 0x42, 0x40), 1_000_000],
  ['base-256 without its mark bit', base256(0x81, 0, 0, 0), 2 ** 24],
  ['the largest exact number', wide(2n ** 53n - 1n), Number.MAX_SAFE_INTEGER],
  ['minus one', wide(-1n), -1],
  ['a negative number', wide(-86_400n), -86_400],
  ['the lowest exact number', wide(-(2n ** 53n) + 1n), Number.MIN_SAFE_INTEGER],
])('reads %s', (_, field, value) => {
  expect(parseTarNumber(Buffer.from(field, 'latin1'), 0, field.length)).toBe(value)
})

test.each([
  ['letters', 'zzzzzzz\0'],
  ['digits that are not octal', '0000689\0'],
  ['a decimal sign', '-000644\0'],
  ['base-256 beyond what a double holds', wide(2n ** 53n)],
  ['base-256 of 92 set bits', base256(0xbf, ...Array(11).fill(0xff))],
])('refuses %s', (_, field) => {
  expect(parseTarNumber(Buffer.from(field, 'latin1'), 0, field.length)).toBeUndefined()
})
