import { expect, test } from 'vitest'
import { directoryHeader } from './tar-header.ts'

const field = (block: Uint8Array, offset: number, length: number) =>
  Buffer.from(block.subarray(offset, offset + length))
    .toString('latin1')
    .replace(/\0.*$/s, '')

// Offsets: POSIX.1-1988 ustar, as in pax(1) "ustar Interchange Format".
test('a header has the fields of ustar', () => {
  const block = directoryHeader('./dev/', 1_700_000_000)
  expect(block).toHaveLength(512)
  expect(field(block, 0, 100)).toBe('./dev/')
  expect(field(block, 100, 8)).toBe('0000755')
  expect(field(block, 108, 8)).toBe('0000000')
  expect(field(block, 116, 8)).toBe('0000000')
  expect(field(block, 124, 12)).toBe('00000000000')
  expect(Number.parseInt(field(block, 136, 12), 8)).toBe(1_700_000_000)
  expect(field(block, 156, 1)).toBe('5')
  expect(Buffer.from(block.subarray(257, 265)).toString('latin1')).toBe('ustar\x0000')
})

test('the checksum is the sum of the bytes with itself as spaces', () => {
  const block = directoryHeader('./dev/', 0)
  const sum = [...block].reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  expect(field(block, 148, 8)).toBe(sum.toString(8).padStart(6, '0'))
  expect(block[155]).toBe(0x20)
})
