import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeBytes } from './byte-string.ts'

test('a byte string of any length is written as Buffer writes latin1', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(3), (bytes, at) => {
      const text = Buffer.from(bytes).toString('latin1')
      const [actual, expected] = [Buffer.alloc(64), Buffer.alloc(64)]
      expect(writeBytes(actual, text, at)).toBe(at + expected.write(text, at, 'latin1'))
      expect(actual.equals(expected)).toBe(true)
    }),
  )
})
