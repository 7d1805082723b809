import { expect, test } from 'vitest'
import { LONGEST_VALUE } from './redis-requests.ts'
import { request, talk, testTwin } from './test-twin.ts'
import { toyChunkId } from './toy-flist.ts'

const KEY = Buffer.from('00ff0d0a2424242a2a2a80fe01020304', 'hex')
const VALUE = 'any\r\nbytes'
const LOGIN = request('SELECT', 'default', 'secret')
const stored = `$16\r\n${KEY.toString('latin1')}\r\n`

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

test('SELECT with the password makes the namespace writable; the key answers, or nil for the same value', async () => {
  const twin = await testTwin({ backendPassword: 'secret' })
  const commands = [LOGIN, request('SET', KEY, VALUE), request('SET', KEY, VALUE), request('GET', KEY)]
  const replies = ['+OK\r\n', stored, '$-1\r\n', `$10\r\n${VALUE}\r\n`]
  expect(await talk(twin.backend, bytes(commands.join('')))).toBe(replies.join(''))

  const changed = [LOGIN, request('SET', KEY, 'other'), request('GET', KEY), request('EXISTS', KEY)]
  expect(await talk(twin.backend, bytes(changed.join('')))).toBe(`+OK\r\n${stored}$5\r\nother\r\n:1\r\n`)
})

const READ_ONLY = '-Namespace is in read-only mode\r\n'

test.each([
  ['GET of a missing key', request('GET', KEY), '$-1\r\n'],
  ['EXISTS of a missing key', request('EXISTS', KEY), ':0\r\n'],
  ['PING', request('PING'), '+PONG\r\n'],
  ['SET by anybody', request('SET', KEY, VALUE), READ_ONLY],
  [
    'SET after SELECT without password',
    request('SELECT', 'default') + request('SET', KEY, VALUE),
    `+OK\r\n${READ_ONLY}`,
  ],
  ['SET after AUTH alone', request('AUTH', 'secret') + request('SET', KEY, VALUE), `+OK\r\n${READ_ONLY}`],
  ['SELECT with a wrong password', request('SELECT', 'default', 'x'), '-Access denied\r\n'],
  [
    'SELECT without password takes writing away',
    LOGIN + request('SELECT', 'default') + request('SET', KEY, ''),
    `+OK\r\n+OK\r\n${READ_ONLY}`,
  ],
  ['SELECT of another namespace', request('SELECT', 'other'), '-Namespace not found\r\n'],
  ['SELECT of nothing', request('SELECT'), '-Invalid argument\r\n'],
  ['SELECT with too much', request('SELECT', 'default', 'a', 'b'), '-Too many arguments\r\n'],
  ['AUTH with a wrong password', request('AUTH', 'x'), '-Access denied\r\n'],
  ['AUTH with an endless password', request('AUTH', 'x'.repeat(129)), '-Password too long\r\n'],
  ['AUTH with nothing', request('AUTH', ''), '-Invalid argument\r\n'],
  ['AUTH without argument', request('AUTH'), '-Unexpected arguments\r\n'],
  ['GET without key', request('GET'), '-Unexpected arguments\r\n'],
  ['GET of an empty key', request('GET', ''), '-Invalid argument\r\n'],
  ['GET of a key over 255 bytes', request('GET', 'k'.repeat(256)), '-Invalid key\r\n'],
  ['EXISTS of a key over 255 bytes', request('EXISTS', 'k'.repeat(256)), '-Invalid key\r\n'],
  ['SET of a key over 255 bytes', LOGIN + request('SET', 'k'.repeat(256), ''), '+OK\r\n-Key too large\r\n'],
  ['SET of an empty key', LOGIN + request('SET', '', 'v'), '+OK\r\n-Invalid argument, key needed\r\n'],
  ['SET without value', LOGIN + request('SET', 'k'), '+OK\r\n-Unexpected arguments\r\n'],
  ['SET with a timestamp', LOGIN + request('SET', 'k', 'v', '1'), '+OK\r\n-Permission denied\r\n'],
  [
    'SET with a timestamp by the administrator',
    LOGIN + request('AUTH', 'secret') + request('SET', 'k', 'v', '1'),
    '+OK\r\n+OK\r\n$1\r\nk\r\n',
  ],
  ['a command by its first letters', request('g', KEY) + request('ex', KEY), '$-1\r\n:0\r\n'],
  ['a command that the twin lacks', request('SCAN'), '-Command not supported\r\n'],
  ['an unknown command', request('HELLO', '3'), '-Command not supported\r\n'],
  ['an empty command', request(''), '-This is not a valid command\r\n'],
  ['bytes that are no request', 'PING\r\n', '-Malformed request, array expected\r\n'],
])('%s', async (_, sent, replies) => {
  const twin = await testTwin({ backendPassword: 'secret' })
  expect(await talk(twin.backend, bytes(sent))).toBe(replies)
})

test('INFO tells clients that this is a 0-db', async () => {
  const twin = await testTwin()
  expect(await talk(twin.backend, request('INFO'))).toMatch(/^\$\d+\r\n# server\nserver_name: 0-db \(zdb\)\n/)
})

test('without a password in the options nobody can write', async () => {
  const twin = await testTwin()
  const sent = request('SELECT', 'default', '') + request('AUTH', 'undefined') + request('SET', 'k', 'v')
  expect(await talk(twin.backend, sent)).toBe(`-Access denied\r\n-Access denied\r\n${READ_ONLY}`)
})

test('keys of up to 255 bytes and values of up to 8 MiB come back as they were', async () => {
  const twin = await testTwin({ backendPassword: 'secret' })
  const value = 'v'.repeat(LONGEST_VALUE)
  const keys = ['k', 'k'.repeat(100), 'k'.repeat(101), 'k'.repeat(200), 'k'.repeat(255)]
  const sets = keys.map((key) => request('SET', key, key))
  await talk(twin.backend, LOGIN + sets.join('') + request('SET', 'big', value))
  const gets = keys.map((key) => request('GET', key))
  expect(await talk(twin.backend, gets.join(''))).toBe(keys.map((key) => `$${key.length}\r\n${key}\r\n`).join(''))
  expect(await talk(twin.backend, request('GET', 'big'))).toBe(`$${LONGEST_VALUE}\r\n${value}\r\n`)
})

test('a value over 8 MiB resets the connection', async () => {
  const twin = await testTwin({ backendPassword: 'secret' })
  const sent = LOGIN + request('SET', 'k', 'v'.repeat(LONGEST_VALUE + 1))
  await expect(talk(twin.backend, sent)).rejects.toThrow(/ECONNRESET|EPIPE/)
})

test('gateway and backend share the chunks', async () => {
  const twin = await testTwin()
  const value = Buffer.from('through the gateway')
  const set = request('AUTH', twin.mintToken('bob')) + request('SET', toyChunkId(value), value)
  await talk(twin.gateway, bytes(set))
  const got = await talk(twin.backend, bytes(request('GET', toyChunkId(value))))
  expect(got).toBe('$19\r\nthrough the gateway\r\n')
})
