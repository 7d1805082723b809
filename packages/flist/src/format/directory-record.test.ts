import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DirectoryRecord, decodeDirectory, encodeDirectory, type InodeAttributes } from './directory-record.ts'

const byteText = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes))
const time = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const size = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

const attributes: fc.Arbitrary<InodeAttributes> = fc.oneof(
  fc.record({ kind: fc.constant('dir' as const), key: byteText }),
  fc.record({
    kind: fc.constant('file' as const),
    blockSize: fc.integer({ min: 0, max: 65535 }),
    blocks: fc.integer({ min: 0, max: 5 }).chain((n) => fc.uint8Array({ minLength: 32 * n, maxLength: 32 * n })),
  }),
  fc.record({ kind: fc.constant('link' as const), target: byteText }),
  fc.record({
    kind: fc.constant('special' as const),
    type: fc.constantFrom(
      'socket' as const,
      'block' as const,
      'character' as const,
      'fifo' as const,
      'unknown' as const,
    ),
    data: byteText,
  }),
)

const record: fc.Arbitrary<DirectoryRecord> = fc.record({
  name: byteText,
  location: byteText,
  contents: fc.array(
    fc.record({ name: byteText, size, attributes, aclKey: byteText, modificationTime: time, creationTime: time }),
  ),
  parent: byteText,
  size,
  aclKey: byteText,
  modificationTime: time,
  creationTime: time,
})

describe('a directory record', () => {
  test('reads as it was written', () => {
    fc.assert(
      fc.property(record, (value) => {
        expect(decodeDirectory(encodeDirectory(value), 'record')).toEqual(value)
      }),
    )
  })

  test('is one segment without a gap at its end', () => {
    fc.assert(
      fc.property(record, (value) => {
        const bytes = encodeDirectory(value)
        expect([bytes.readUInt32LE(0), bytes.readUInt32LE(4) * 8 + 8]).toEqual([0, bytes.length])
      }),
    )
  })

  test('of a size over 2⁵³ is refused', () => {
    const bytes = encodeDirectory(empty)
    // After the frame, the root pointer and the tag of the empty list.
    bytes.writeBigUInt64LE(2n ** 53n, 24)
    expect(() => decodeDirectory(bytes, 'record')).toThrow('record: has an entry of 9007199254740992 bytes')
  })
})

const empty: DirectoryRecord = {
  name: '',
  location: '',
  contents: [],
  parent: '',
  size: 0,
  aclKey: '',
  modificationTime: 0,
  creationTime: 0,
}
