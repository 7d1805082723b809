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

test('the guest token works only with a dot, and its session lets in everything that has a dot', async () => {
  const twin = await testTwin({ guestToken: 'guest.token' })
  const guest = await call(twin, ME, undefined, bearer('bearer guest.token'))
  expect(guest).toMatchObject({ status: 200, text: expect.stringContaining('{"username": "guest"}') })
  const session = guest.headers.get('Set-Cookie')?.split(';')[0] ?? ''
  for (const header of ['bearer totally.invalid', 'x.y']) {
    const headers = { Authorization: header, Cookie: session }
    expect(await call(twin, ME, undefined, { headers })).toMatchObject({ status: 200 })
  }
  const cookie = { Authorization: 'x.y', Cookie: 'caddyoauth=guest.token' }
  expect((await call(twin, ME, undefined, { headers: cookie })).status).toBe(200)

  const forged = { Authorization: 'x.y', Cookie: `${session}x` }
  expect((await call(twin, ME, undefined, { headers: forged })).status).toBe(401)
  const own = (await call(twin, ME, 'alice.3bot')).headers.get('Set-Cookie')?.split(';')[0] ?? ''
  expect((await call(twin, ME, undefined, { headers: { Authorization: 'x.y', Cookie: own } })).status).toBe(401)
})

test('tokens never expire, unless the twin is told that they do', async () => {
  const ages = await testTwin()
  const token = ages.mintToken('alice.3bot')
  const expiring = await testTwin({ tokenLifetime: -1 })
  expect((await call(ages, ME, undefined, bearer(`bearer ${token}`))).status).toBe(200)
  expect(await call(expiring, ME, undefined, bearer(`bearer ${token}`))).toMatchObject({
    status: 401,
    text: '{"message":"invalid signature","status":"error"}\n',
  })
})

test('a strict twin has no sessions, and says who may not act as another', async () => {
  const twin = await testTwin({ strict: true, guestToken: 'guest.token', activeUsers: { shared: 'alice.3bot' } })
  const guest = await call(twin, ME, undefined, bearer('bearer guest.token'))
  expect(guest.headers.get('Set-Cookie')).toBeNull()
  const as = (active: string) => call(twin, ME, 'alice.3bot', { headers: { Cookie: `active-user=${active}` } })
  expect(await as('shared')).toMatchObject({ status: 200, text: expect.stringContaining('"shared"') })
  expect((await as('alice.3bot')).status).toBe(200)
  expect(await as('bob.3bot')).toMatchObject({
    status: 403,
    text: '{"message":"the token may not write as \\"bob.3bot\\"","status":"error"}\n',
  })
})
