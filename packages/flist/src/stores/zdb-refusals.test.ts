import { expect, test } from 'vitest'
import { explainRefusal } from './zdb-refusals.ts'

test.each([
  ['No space left on this namespace', 'store-full', 'raise the limit of the namespace'],
  ['Unauthorized payload', 'chunk-corrupt', 'the bytes of a chunk do not have its id'],
  ['Namespace not found', 'store-failed', 'check the namespace after the slash'],
  ['Namespace protected and private', 'store-failed', 'give the password of the namespace'],
  ['Namespace is in read-only mode', 'store-failed', 'give its password to write'],
  ['Namespace is protected by worm mode', 'store-failed', 'use another namespace'],
  ['Your active namespace is not available anymore (probably removed).', 'store-failed', 'it was removed meanwhile'],
  ['Internal Error (bulk)', 'store-failed', 'check the disk and the log of the server'],
  ['Key too large', 'invalid', 'this is no id of a chunk'],
  ["ERR unknown command 'EXISTS'", 'not-supported', 'check that the address is that of a 0-db'],
  ['Command not supported', 'not-supported', 'or of the gateway of a hub'],
] as const)('"%s" is %s, with what to do, and final', (text, code, remedy) => {
  const { error, isPassing } = explainRefusal('hub://h:1', text, 'token')
  expect(error).toMatchObject({ name: 'FlistError', code, message: expect.stringContaining(remedy) })
  expect(error.message.startsWith(`hub://h:1 refused: "${text}"; `)).toBe(true)
  expect(isPassing).toBe(false)
})

test.each([
  'Cannot perform query right now',
  'Cannot write data right now',
  'Cannot write index right now',
  'Namespace is temporarily locked (read-only)',
  'Namespace is temporarily frozen (read-write disabled)',
])('"%s" may pass', (text) => {
  expect(explainRefusal('hub://h:1', text, 'token').isPassing).toBe(true)
})

test.each(['Access denied', 'Permission denied', 'anything else'])('"%s" is about what lets one in', (text) => {
  expect(explainRefusal('hub://h:1', text, 'token').error.message).toContain('check that the token is one of this hub')
  expect(explainRefusal('zdb://h:1', text, 'password').error.message).toContain('give its password to write')
})
