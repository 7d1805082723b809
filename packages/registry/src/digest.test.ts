import { expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { checkDigest, digestOf, parseDigest } from './digest.ts'

const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

test('digests are the lower case hashes of FIPS 180-4', () => {
  expect(digestOf(Buffer.alloc(0))).toBe(EMPTY)
  expect(digestOf(Buffer.from('abc'), 'sha512')).toMatch(/^sha512:ddaf35a193617aba/)
})

test.each([
  ['sha256', 64],
  ['sha512', 128],
] as const)('%s has %i hex digits', (algorithm, length) => {
  const hex = 'f'.repeat(length)
  expect(parseDigest(`${algorithm}:${hex}`)).toEqual({ algorithm, hex })
  expect(parseDigest(`${algorithm}:${hex}f`)).toBeUndefined()
  expect(parseDigest(`${algorithm}:${hex.slice(1)}`)).toBeUndefined()
  expect(parseDigest(`${algorithm}:${hex.toUpperCase()}`)).toBeUndefined()
  expect(parseDigest(`${algorithm}:${hex}\n`)).toBeUndefined()
})

test.each(['', 'sha256', 'md5:d41d8cd98f00b204e9800998ecf8427e', `sha256:../${'a'.repeat(61)}`])(
  '%j is not a digest',
  (text) => {
    expect(parseDigest(text)).toBeUndefined()
  },
)

test('a wrong claim names both digests and who made it', async () => {
  expect(() => checkDigest(Buffer.alloc(0), EMPTY, 'r.io/a:1', 'the reference')).not.toThrow()
  const error = await failure(() => checkDigest(Buffer.from('x'), EMPTY, 'r.io/a:1', 'the reference'))
  expect(error).toMatchObject({ code: 'digest-mismatch', expected: EMPTY, actual: digestOf(Buffer.from('x')) })
  expect(error.message).toMatch(/^r\.io\/a:1: digest is sha256:2d71.*, the reference says sha256:e3b0/)
})

test('a claim that is no digest fails and is quoted', async () => {
  const error = await failure(() => checkDigest(Buffer.alloc(0), 'no\n::digest', 'r.io/a:1', 'the header'))
  expect(error.message).toContain('the header says "no\\n::digest"')
})
