import { createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { createTokenReader, mintToken } from './tokens.ts'
import { SEED } from './toy-flist.ts'

/** The public key of a seed of 32 bytes 07, computed elsewhere (RFC 8032), as an SPKI. */
const PUBLIC_KEY = createPublicKey({
  key: Buffer.from('302a300506032b6570032100ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c', 'hex'),
  format: 'der',
  type: 'spki',
})

test('a token is urlsafe base64 of an ed25519 signature and of the JSON it signs', () => {
  const token = mintToken(SEED, 'alice.3bot')
  expect(token).toMatch(/^[A-Za-z0-9_-]+={0,2}$/)
  expect(token.length % 4).toBe(0)
  const bytes = Buffer.from(token, 'base64url')
  expect(bytes.subarray(64).toString()).toMatch(/^\["alice\.3bot", \d{10}\]$/)
  expect(verify(null, bytes.subarray(64), PUBLIC_KEY, bytes.subarray(0, 64))).toBe(true)
})

test('a token tells its user and nobody else can make one', () => {
  const read = createTokenReader(SEED)
  expect(read(mintToken(SEED, 'alice.3bot'))).toBe('alice.3bot')
  expect(read(mintToken(Buffer.alloc(32, 8), 'alice.3bot'))).toBeUndefined()
})

test.each([
  ['empty', () => ''],
  ['no base64', () => '!!!!'],
  ['short', () => 'AAAA'],
  ['without its padding', () => mintToken(SEED, 'bob').replace(/=*$/, '')],
  [
    'changed in one character',
    () => `${mintToken(SEED, 'bob').startsWith('A') ? 'B' : 'A'}${mintToken(SEED, 'bob').slice(1)}`,
  ],
  ['with something after it', () => `${mintToken(SEED, 'bob')}AAAA`],
])('a token that is %s has no user', (_, token) => {
  expect(createTokenReader(SEED)(token())).toBeUndefined()
})

test.each(['', '.', '..', 'a/b', 'a\0b', 'me'])('%j can not be a user', (user) => {
  expect(() => mintToken(SEED, user)).toThrow(expect.objectContaining({ name: 'TwinError', code: 'bad-user' }))
})

test('a seed has 32 bytes, and no error shows it', () => {
  const seed = Buffer.from('not the right length')
  expect(() => mintToken(seed, 'bob')).toThrow('seed: 20 bytes; give 32 secret random bytes')
  expect(() => createTokenReader(seed)).toThrow(expect.objectContaining({ code: 'bad-options' }))
})
