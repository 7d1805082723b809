import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeUint64 } from './numbers.ts'

test('eight bytes are those of writeBigUInt64LE', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(3), (value, at) => {
      const [actual, expected] = [Buffer.alloc(12), Buffer.alloc(12)]
      const view = new DataView(actual.buffer, actual.byteOffset, actual.length)
      expect(writeUint64(view, value, at)).toBe(expected.writeBigUInt64LE(BigInt(value), at))
      expect(actual.equals(expected)).toBe(true)
    }),
  )
})
