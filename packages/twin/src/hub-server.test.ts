import { expect, test } from 'vitest'
import { askHub, call, publish, testTwin } from './test-twin.ts'
import { mintToken } from './tokens.ts'

const ME = '/api/flist/me'
const bearer = (token: string): { headers: Record<string, string> } => ({ headers: { Authorization: token } })

test('a token tells its user, whatever the case of the scheme', async () => {
  const twin = await testTwin()
  for (const scheme of ['bearer', 'Bearer', 'BEARER']) {
    const answer = await call(twin, ME, undefined, bearer(`${scheme} ${twin.mintToken('alice.3bot')}`))
    expect(answer).toMatchObject({
      status: 200,
      text: '{"status": "success", "payload": {"username": "alice.3bot"}}\n',
    })
    expect(answer.headers.get('Content-Type')).toBe('application/json')
  }
})

const strange = mintToken(Buffer.alloc(32), 'alice.3bot')

test.each([
  ['no header', {}, 401, 'no authorization provided'],
  ['an empty header', { Authorization: '' }, 401, 'no authorization provided'],
  ['a cookie alone', { Cookie: 'session=abc' }, 401, 'no authorization provided'],
  ['another scheme', { Authorization: `Basic ${strange}` }, 400, 'invalid authorization header'],
  ['a token without a scheme', { Authorization: strange }, 400, 'invalid authorization header'],
  ['a signature of another seed', { Authorization: `bearer ${strange}` }, 401, 'invalid signature'],
  ['bad base64', { Authorization: 'bearer ?' }, 401, 'invalid signature'],
  ['an empty token', { Authorization: 'bearer ' }, 401, 'invalid signature'],
  ['the sample guest token', { Authorization: 'bearer guest-token' }, 401, 'invalid signature'],
  ['a garbage JWT', { Authorization: 'bearer a.b.c' }, 403, 'invalid token'],
  ['a dot without a scheme', { Authorization: 'x.y' }, 401, 'could not authenticate'],
  ['a dot and a JWT in a cookie', { Authorization: 'x.y', Cookie: 'caddyoauth=z' }, 403, 'invalid token'],
])('%s is refused in compact JSON with sorted keys', async (_, headers, status, message) => {
  const twin = await testTwin()
  const answer = await call(twin, ME, undefined, { headers })
  expect(answer).toMatchObject({ status, text: `{"message":"${message}","status":"error"}\n` })
})

test.each([
  ['shared', 'alice.3bot', 'shared'],
  ['shared', 'bob.3bot', 'bob.3bot'],
  ['bob.3bot', 'alice.3bot', 'alice.3bot'],
  ['toString', 'alice.3bot', 'alice.3bot'],
])('active-user=%s with the token of %s acts as %s, and nobody is told', async (active, user, acts) => {
  const twin = await testTwin({ activeUsers: { shared: 'alice.3bot' } })
  const answer = await call(twin, ME, user, { headers: { Cookie: `other=1; active-user=${active}` } })
  expect(answer).toMatchObject({ status: 200, text: expect.stringContaining(`{"username": "${acts}"}`) })
})

test('in readonly mode every call with a token is refused, and reading goes on', async () => {
  const writable = await testTwin()
  await publish(writable, 'alice.3bot', 'a.flist', 'x')
  await writable.close()
  const twin = await testTwin({ root: writable.root, readonly: true })
  const refused = { status: 400, text: '{"message":"readonly mode","status":"error"}\n' }
  expect(await call(twin, ME, 'alice.3bot')).toMatchObject(refused)
  expect(await call(twin, `${ME}/a.flist`, 'alice.3bot', { method: 'DELETE' })).toMatchObject(refused)
  expect(await call(twin, '/alice.3bot/a.flist')).toMatchObject({ status: 200 })
})

test('unknown routes are an HTML 404', async () => {
  const twin = await testTwin()
  for (const path of ['/nothing', '/a/b/c/d', '/api/flist/me/a/link', '/alice.3bot/a%2Fb.flist']) {
    const answer = await call(twin, path)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(answer.text).toMatch(
      /^<!doctype html>\n<html lang=en>\n<title>404 Not Found<\/title>\n<h1>Not Found<\/h1>\n/,
    )
  }
})

test.each([
  ['POST', '/api/flist/me', 'GET, HEAD, OPTIONS'],
  ['PUT', '/api/flist/me/upload-flist', 'POST, GET, HEAD, DELETE, INFO, OPTIONS'],
  ['DELETE', '/api/flist/alice.3bot/a.flist', 'GET, HEAD, INFO, OPTIONS'],
  ['POST', '/alice.3bot/a.flist', 'GET, HEAD, OPTIONS'],
])('%s %s is an HTML 405', async (method, path, allow) => {
  const twin = await testTwin()
  const answer = await call(twin, path, 'alice.3bot', { method })
  expect(answer).toMatchObject({ status: 405, text: expect.stringContaining('<title>405 Method Not Allowed</title>') })
  expect(answer.headers.get('Allow')).toBe(allow)
})

test('OPTIONS tells the methods', async () => {
  const twin = await testTwin()
  const answer = await call(twin, ME, undefined, { method: 'OPTIONS' })
  expect(answer).toMatchObject({ status: 200, text: '' })
  expect(answer.headers.get('Allow')).toBe('GET, HEAD, OPTIONS')
})

test('slashes at the end and double slashes do not matter', async () => {
  const twin = await testTwin()
  await publish(twin, 'alice.3bot', 'a.flist', 'x')
  for (const path of [
    '/api/flist/me/',
    '//api//flist/me',
    '/api/flist/alice.3bot/a.flist/light/',
    '//alice.3bot//a.flist',
  ]) {
    expect((await call(twin, path, 'alice.3bot')).status).toBe(200)
  }
})

test('every answer closes its connection and may be read by any page', async () => {
  const twin = await testTwin()
  for (const path of [ME, '/nothing', '/api/flist/nobody/x']) {
    const { headers } = await call(twin, path)
    expect(headers.get('Connection')).toBe('close')
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
  }
})

test('bytes that are no HTTP are a 400', async () => {
  const twin = await testTwin()
  expect(await askHub(twin, '\x00\x01\x02\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
})

test('what fails inside is an HTML 500 of 265 bytes, and onFault learns why', async () => {
  const faults: string[] = []
  const twin = await testTwin({ onFault: (what, error) => faults.push(`${what}: ${(error as Error).message}`) })
  await publish(twin, 'alice.3bot', 'a.flist', 'x')
  const answer = await call(twin, `${ME}/a/link/${'n'.repeat(250)}`, 'alice.3bot')
  expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('<h1>Internal Server Error</h1>') })
  expect(answer.text).toHaveLength(265)
  expect(faults).toEqual([
    expect.stringMatching(/^GET \/api\/flist\/me\/a\/link\/n+: "n+": no file can have this name$/),
  ])
})
