import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compress, compressions } from '../../test/kernels.ts'
import { detectCompression, unpack } from './compression.ts'

const samples: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['text', Buffer.from('the quick brown fox jumps over the lazy dog\n'.repeat(3))],
  ['a long run', Buffer.alloc(1_000_001, 7)],
  ['random bytes', randomBytes(300_000)],
  // calls and jumps for the x86 filter, two blocks of bzip2
  ['machine code', readFileSync(process.execPath).subarray(40 << 20, 42 << 20)],
  ['what differs from what it repeats', Buffer.concat([randomBytes(70_000), Buffer.alloc(9), randomBytes(10)])],
]

describe.each(compressions)('%s', (compression) => {
  test.each(samples)('unpacks what its own tool packed: %s', (_what, plain) => {
    const packed = compress(compression, plain)
    if (plain.length > 0) expect(detectCompression(packed)).toBe(compression)
    const { bytes, consumed } = unpack(compression, packed, plain.length)
    expect(Buffer.compare(bytes, plain)).toBe(0)
    expect(consumed).toBe(plain.length === 0 && compression === 'lz4' ? 4 : packed.length)
  })

  test('leaves what comes after it', () => {
    const plain = Buffer.from('abc'.repeat(1000))
    const packed = compress(compression, plain)
    const { bytes, consumed } = unpack(compression, Buffer.concat([packed, Buffer.from('070701, more')]), 1 << 20)
    expect(Buffer.from(bytes).equals(plain)).toBe(true)
    expect(consumed).toBe(packed.length)
  })

  test('stops at the limit', () => {
    const packed = compress(compression, Buffer.alloc(1 << 20))
    expect(() => unpack(compression, packed, (1 << 20) - 1)).toThrow(
      expect.objectContaining({ code: 'compressed-data', message: expect.stringContaining(String((1 << 20) - 1)) }),
    )
  })

  test('data that is cut off anywhere is refused or gives the begin, and never hangs', () => {
    const plain = Buffer.concat([Buffer.from('abcabcabd'.repeat(50)), randomBytes(200)])
    const packed = compress(compression, plain)
    for (let length = 0; length < packed.length; length++) {
      const attempt = () => unpack(compression, packed.subarray(0, length), 1 << 20).bytes
      // These two have no mark at their end.
      if (compression !== 'lz4' && compression !== 'xz') {
        expect(attempt, `${length} bytes`).toThrow(expect.objectContaining({ code: 'compressed-data' }))
      } else expectBeginOrError(attempt, plain)
    }
  })

  test('damage is refused or gives something, and never anything else', () => {
    const packed = compress(compression, Buffer.concat([Buffer.from('abcabcabd'.repeat(90)), randomBytes(300)]))
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(packed)
        damaged[at] = (damaged[at] ?? 0) ^ change
        try {
          expect(unpack(compression, damaged, 1 << 16).bytes.length).toBeLessThanOrEqual(1 << 16)
        } catch (error) {
          expect(error).toMatchObject({ name: 'VmError', code: 'compressed-data' })
        }
      }),
      { numRuns: 300 },
    )
  })
})

function expectBeginOrError(attempt: () => Uint8Array, plain: Buffer): void {
  try {
    const bytes = attempt()
    expect(Buffer.compare(bytes, plain.subarray(0, bytes.length))).toBe(0)
  } catch (error) {
    expect(error).toMatchObject({ code: 'compressed-data' })
  }
}

test('what is no compressed data is of no compression', () => {
  expect(detectCompression(Buffer.from('070701'))).toBeUndefined()
  expect(detectCompression(Buffer.alloc(0))).toBeUndefined()
})

test('several gzip members, xz streams and bzip2 streams after each other are one', () => {
  for (const compression of ['gzip', 'xz', 'bzip2'] as const) {
    const packed = Buffer.concat([
      compress(compression, Buffer.from('one ')),
      compress(compression, Buffer.from('two')),
    ])
    expect(Buffer.from(unpack(compression, packed, 100).bytes).toString()).toBe('one two')
  }
})

test('xz that was made with another filter says which', () => {
  const packed = compress('xz', Buffer.from('a kernel for another machine'))
  // block header: flags with two filters, then x86 (4); 7 is ARM
  expect(packed[14]).toBe(4)
  packed[14] = 7
  expect(() => unpack('xz', packed, 100)).toThrow(
    'xz data: the checksum of a block header is wrong; get the file again',
  )
})
