import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createIdSet } from './id-set.ts'

test.each([16, 32])('it has what a set of strings has, of hashes of %d bytes', (length) => {
  // Few different bytes, so that hashes are there twice and differ in single bytes.
  const hash = fc.array(fc.constantFrom(0, 1, 0xff), { minLength: length, maxLength: length })
  const sparse = fc.nat(3000).map((i) => [...Array(length - 2).fill(0), i & 0xff, i >> 8])
  fc.assert(
    fc.property(fc.array(fc.oneof(hash, sparse), { maxLength: 200 }), fc.nat(5), (hashes, offset) => {
      const set = createIdSet(length)
      const expected = new Set<string>()
      const indexOf = (hash: number[]) => [...expected].indexOf(String(hash))
      const bytes = Uint8Array.from([...Array(offset).fill(7), ...hashes.flat()])
      for (const [i, hash] of hashes.entries()) {
        const isNew = !expected.has(String(hash))
        expect(set.indexOf(bytes, offset + i * length)).toBe(indexOf(hash))
        expected.add(String(hash))
        expect(set.add(bytes, offset + i * length)).toBe(isNew)
        expect(set.size).toBe(expected.size)
        expect(set.indexOf(bytes, offset + i * length)).toBe(indexOf(hash))
      }
    }),
  )
})

test.each([0, 1, 512, 513, 6000, 40_000])('it grows, and keeps copies, when %d are expected', (expected) => {
  const set = createIdSet(16, expected)
  const bytes = new Uint8Array(16)
  const words = new Uint32Array(bytes.buffer)
  for (const isNew of [true, false]) {
    for (let i = 0; i < 20_000; i++) {
      words[3] = i
      expect(set.add(bytes, 0)).toBe(isNew)
    }
  }
  expect(set.size).toBe(20_000)
})
