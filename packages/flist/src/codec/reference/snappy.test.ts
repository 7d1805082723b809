import fc from 'fast-check'
import { compressSync, uncompressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { arbitraryBytes } from '../../../test/sample-bytes.ts'
import { snappyCompress, snappyDecompress } from './snappy.ts'

test('compresses to the bytes of the Rust implementation', () => {
  fc.assert(
    fc.property(arbitraryBytes(200_000), (data) => {
      expect(Buffer.compare(snappyCompress(data), compressSync(data))).toBe(0)
    }),
  )
})

test('decompresses what it compressed', () => {
  fc.assert(
    fc.property(arbitraryBytes(200_000), (data) => {
      expect(Buffer.compare(snappyDecompress(snappyCompress(data), data.length), data)).toBe(0)
    }),
  )
})

describe('damaged input', () => {
  test('is refused, or means what the Rust implementation takes it for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (data) => {
        let expected: Uint8Array | undefined
        try {
          // The oracle allocates what the header declares: keep that small.
          if (data.length > 0 && (data[0] ?? 0) < 0x80) expected = uncompressSync(data, { asBuffer: true }) as Buffer
        } catch {}
        const decompress = () => snappyDecompress(data, 127)
        if (expected) expect(Buffer.compare(decompress(), expected)).toBe(0)
        else expect(decompress).toThrow(expect.objectContaining({ code: 'chunk-corrupt' }))
      }),
      { numRuns: 2000 },
    )
  })
})
