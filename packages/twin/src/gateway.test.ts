import { expect, test } from 'vitest'
import { request, talk, testTwin } from './test-twin.ts'
import { mintToken } from './tokens.ts'
import { SEED, toyChunkId } from './toy-flist.ts'

const VALUE = Buffer.from('stored bytes')
const ID = toyChunkId(VALUE)
const SET = request('SET', ID, VALUE)
const stored = `$16\r\n${ID.toString('latin1')}\r\n`

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

test('AUTH with a hub token, then chunks by pipelined EXISTS and SET', async () => {
  const twin = await testTwin()
  const auth = request('AUTH', twin.mintToken('alice.3bot'))
  const commands = [auth, request('EXISTS', ID), SET, request('EXISTS', ID), SET]
  const replies = ['+OK - alice.3bot\r\n', ':0\r\n', stored, ':1\r\n', '$-1\r\n']
  expect(await talk(twin.gateway, bytes(commands.join('')))).toBe(replies.join(''))
})

test.each([
  ['INFO', request('INFO'), '$42\r\nGateway for 0-db (zdb) compatible clients\n\r\n'],
  ['SELECT, without effect', request('SELECT', 'default', 'whatever'), '+OK\r\n'],
  ['PING', request('PING'), '+PONG\r\n'],
  ['commands in any case', request('ping'), '+PONG\r\n'],
  ['EXISTS before AUTH', request('EXISTS', ID), '-Permission denied\r\n'],
  ['SET before AUTH', SET, '-Permission denied\r\n'],
  ['GET', request('GET', ID), "-ERR unknown command 'GET'\r\n"],
  ['MGET', request('mget', ID), "-ERR unknown command 'mget'\r\n"],
  ['DEL', request('DEL', ID), "-ERR unknown command 'DEL'\r\n"],
  ['AUTH without a token', request('AUTH'), "-Wrong number of arguments for 'AUTH' command\r\n"],
  ['AUTH with a token of another seed', request('AUTH', mintToken(Buffer.alloc(32), 'bob')), '-Access denied\r\n'],
  ['AUTH with a JWT', request('AUTH', 'a.b.c'), '-Access denied\r\n'],
  ['AUTH with nothing', request('AUTH', ''), '-Access denied\r\n'],
  ['bytes that are no request', 'PING\r\n', '-ERR Protocol error: Malformed request, array expected\r\n'],
  ['QUIT', request('QUIT') + request('PING'), '+OK\r\n'],
])('%s', async (_, sent, replies) => {
  const twin = await testTwin()
  expect(await talk(twin.gateway, bytes(sent))).toBe(replies)
})

test.each([
  ['EXISTS without a key', request('EXISTS'), "-Wrong number of arguments for 'EXISTS' command\r\n"],
  ['SET without a value', request('SET', ID), "-Wrong number of arguments for 'SET' command\r\n"],
  ['SET under another id', request('SET', toyChunkId(Buffer.from('other')), VALUE), '-Unauthorized payload\r\n'],
  ['a failed AUTH ends the earlier one', request('AUTH', 'bad') + SET, '-Access denied\r\n-Permission denied\r\n'],
])('after AUTH: %s', async (_, sent, replies) => {
  const twin = await testTwin()
  const got = await talk(twin.gateway, bytes(request('AUTH', mintToken(SEED, 'bob')) + sent))
  expect(got).toBe(`+OK - bob\r\n${replies}`)
})

test('two hundred chunks of 64 KiB in one go', async () => {
  const twin = await testTwin()
  const values = Array.from({ length: 200 }, (_, at) => Buffer.alloc(65536, `chunk ${at} `))
  const sets = values.map((value) => bytes(request('SET', toyChunkId(value), value)))
  const got = await talk(twin.gateway, Buffer.concat([bytes(request('AUTH', twin.mintToken('bob'))), ...sets]))
  expect(got.match(/\$16\r\n/g)).toHaveLength(200)
})

test('a session is one connection', async () => {
  const twin = await testTwin()
  await talk(twin.gateway, request('AUTH', twin.mintToken('bob')))
  expect(await talk(twin.gateway, request('EXISTS', 'x'))).toBe('-Permission denied\r\n')
})

test('a readonly hub lets nobody in', async () => {
  const twin = await testTwin({ readonly: true })
  expect(await talk(twin.gateway, request('AUTH', twin.mintToken('bob')))).toBe('-Access denied\r\n')
})
