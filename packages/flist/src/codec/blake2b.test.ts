import fc from 'fast-check'
import { blake2b as oracle } from 'hash-wasm'
import { describe, expect, test } from 'vitest'
import { arbitraryBytes } from '../../test/sample-bytes.ts'
import { blake2b, blake2bDigits } from './blake2b.ts'
import { blake2b as reference } from './reference/blake2b.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const ofString = (data: Uint8Array, length: number) =>
  Buffer.from(blake2bDigits(Buffer.from(data).toString('latin1'), length), 'hex')

describe.each([
  ['WebAssembly', blake2b],
  ['WebAssembly, of a byte string', ofString],
  ['the reference', reference],
])('BLAKE2b, %s', (_, hash) => {
  test('hashes "abc" as RFC 7693 appendix A does', () => {
    expect(hex(hash(Buffer.from('abc'), 64))).toBe(
      'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1' +
        '7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
    )
  })

  test.each([
    ['', 'cae66941d9efbd404e4d88758ea67670'],
    ['etc', '9308da158ed557db704826796bca9f68'],
  ])('gives directory "%s" the key the reference implementation gives it', (path, key) => {
    expect(hex(hash(Buffer.from(path), 16))).toBe(key)
  })

  test('gives root:root 0755 the key the reference implementation gives it', () => {
    const acl = 'user:root\ngroup:root\nmode:0o755\nuid:0\ngid:0'
    expect(hex(hash(Buffer.from(acl), 8))).toBe('d7683de000c13689')
  })

  test('agrees with an independent implementation on any bytes and every length in use', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryBytes(4096), fc.constantFrom(8, 16, 32, 64), async (data, length) => {
        expect(hex(hash(data, length))).toBe(await oracle(data, 8 * length))
      }),
    )
  })

  test.each([1, 127, 128, 129, 255, 256, 257])('handles the last block of %d bytes', async (length) => {
    const data = new Uint8Array(length).fill(0x5a)
    expect(hex(hash(data, 16))).toBe(await oracle(data, 128))
  })
})

test.each([655_359, 655_360, 655_361, 1_310_720, 2_000_001])('hashes %d bytes in pieces', async (length) => {
  const data = Buffer.alloc(length, 'any text that is not a divisor of a block')
  expect(hex(blake2b(data, 16))).toBe(await oracle(data, 128))
  expect(hex(ofString(data, 16))).toBe(await oracle(data, 128))
})
