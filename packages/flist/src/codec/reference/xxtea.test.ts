import fc from 'fast-check'
import { expect, test } from 'vitest'
import { xxteaDecrypt, xxteaEncrypt } from './xxtea.ts'

const arbitraryKey = fc.uint8Array({ minLength: 16, maxLength: 16 })

test('gives the bytes the reference implementation gives', () => {
  const key = Buffer.from('ea41b4de6c03f13a95758b28dd75693e', 'hex')
  expect(Buffer.from(xxteaEncrypt(Buffer.from('\x06\x14hello\n', 'latin1'), key)).toString('hex')).toBe(
    '4bcc319bc283e97ee887432f',
  )
})

test('decrypts what it encrypted, and pads to whole words and one more', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), arbitraryKey, (data, key) => {
      const encrypted = xxteaEncrypt(data, key)
      expect(encrypted.length).toBe(4 * Math.ceil(data.length / 4) + 4)
      expect(Buffer.compare(xxteaDecrypt(encrypted, key), data)).toBe(0)
    }),
  )
})

test.each([0, 4, 9, 15])('refuses %d bytes', (length) => {
  expect(() => xxteaDecrypt(new Uint8Array(length), new Uint8Array(16))).toThrow('not a whole XXTEA block')
})

test('refuses another key', () => {
  const encrypted = xxteaEncrypt(Buffer.from('hello'), Buffer.alloc(16, 1))
  expect(() => xxteaDecrypt(encrypted, Buffer.alloc(16, 2))).toThrow('does not decrypt with its key')
})
