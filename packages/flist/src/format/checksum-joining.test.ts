import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinChecksums } from './checksum-joining.ts'

test('two checksums become that of both runs of bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 5000 })
  fc.assert(
    fc.property(bytes, bytes, (first, second) => {
      const joined = joinChecksums(crc32(first), crc32(second), second.length)
      expect(joined).toBe(crc32(Buffer.concat([first, second])))
    }),
  )
})

test('in any grouping, for lengths no machine holds as well', () => {
  const length = fc.integer({ min: 0, max: 2 ** 40 })
  const checksum = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  fc.assert(
    fc.property(checksum, checksum, length, checksum, length, (a, b, bytesB, c, bytesC) => {
      const left = joinChecksums(joinChecksums(a, b, bytesB), c, bytesC)
      expect(joinChecksums(a, joinChecksums(b, c, bytesC), bytesB + bytesC)).toBe(left)
    }),
  )
})

test('of 64 MiB of zeros', () => {
  const zeros = Buffer.alloc(64 * 2 ** 20)
  expect(joinChecksums(crc32('start'), crc32(zeros), zeros.length)).toBe(crc32(zeros, crc32('start')))
})
