import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { HubClientOptions } from './client-options.ts'
import type { HubError } from './errors.ts'
import { HubClient } from './hub-client.ts'

const TOKEN = 'AbCdEfGh-secret_token-0123456789=='
const MD5 = '0cc175b9c0f1b6a831c399e269772661'
const NOT_FOUND = { status: 404, text: '{"status": "error", "message": "source not found"}' }
const ME = { text: '{"status": "success", "payload": {"username": "alice"}}' }

type Answer = { status?: number; text?: string; headers?: Record<string, string> }
type Script = Record<string, Answer | Answer[] | ((request: IncomingMessage, response: ServerResponse) => void)>

/** A hub that answers as told: per `METHOD path` one answer, or several in turn with the last one staying. */
async function scriptedHub(script: Script, options: Partial<HubClientOptions> = {}) {
  const calls: { call: string; headers: IncomingMessage['headers']; body: string }[] = []
  const server = createServer(async (request, response) => {
    const call = `${request.method} ${request.url}`
    const step = script[call]
    if (typeof step === 'function') return step(request, response)
    let body = ''
    for await (const piece of request) body += piece
    calls.push({ call, headers: request.headers, body })
    const answer = Array.isArray(step) ? (step.length > 1 ? step.shift() : step[0]) : step
    response.writeHead(answer?.status ?? (answer ? 200 : 599), { Connection: 'close', ...answer?.headers })
    response.end(answer?.text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const hub = new HubClient({ url, token: TOKEN, firstPause: 1, attempts: 3, ...options })
  onTestFinished(async () => {
    await hub.close()
    server.closeAllConnections()
    server.close()
  })
  return { hub, url, calls, count: (call: string) => calls.filter((made) => made.call === call).length }
}

async function flistFile(content = 'a'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hub-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'out.flist'), content)
  return join(folder, 'out.flist')
}

const light = (fields: object): Answer => ({
  text: JSON.stringify({ name: 'a.flist', size: 1, updated: 1, type: 'regular', md5: MD5, ...fields }),
})
const uploaded = (name: string, files: object): Answer => ({
  text: JSON.stringify({
    status: 'success',
    payload: { name, files: { success: true, status: 0, response: { regular: 0, failure: 0 }, ...files } },
  }),
})

const UPLOAD = 'POST /api/flist/me/upload-flist'
const LIGHT = 'GET /api/flist/alice/a.flist/light'
const UPLOADING = {
  'GET /api/flist/me': ME,
  [UPLOAD]: uploaded('a.flist', {}),
  [LIGHT]: [NOT_FOUND, light({})],
  'GET /alice/a.flist.md5': { text: `${MD5}\n` },
}

test('an upload: a random name in the form, the wanted one in the header, the bytes as they are', async () => {
  const { hub, calls } = await scriptedHub(UPLOADING)
  await hub.uploadFlist(await flistFile(), 'a.flist')
  const sent = calls.find(({ call }) => call === UPLOAD)
  expect(sent?.headers['x-original-name']).toBe('a.flist')
  expect(sent?.headers['content-length']).toBe(String(sent?.body.length))
  expect(sent?.body).toMatch(
    /^--(flist-[0-9a-f-]{36})\r\nContent-Disposition: form-data; name="file"; filename="[0-9a-f-]{36}\.flist"\r\nContent-Type: application\/octet-stream\r\n\r\na\r\n--\1--\r\n$/,
  )
})

test('only calls under me carry the token, and the user that was asked for', async () => {
  const { hub, calls } = await scriptedHub(UPLOADING, { user: 'alice' })
  await hub.uploadFlist(await flistFile(), 'a.flist')
  const carried = calls.map(({ call, headers }) => [call, headers.authorization, headers.cookie])
  const none = [undefined, undefined]
  const mine = [`bearer ${TOKEN}`, 'active-user=alice']
  expect(carried).toEqual([
    ['GET /api/flist/me', ...mine],
    [LIGHT, ...none],
    [UPLOAD, ...mine],
    [LIGHT, ...none],
    ['GET /alice/a.flist.md5', ...none],
  ])
})

test.each<[string, Script, string, string]>([
  ['another name', { [UPLOAD]: uploaded('b.flist', {}) }, 'rejected', 'stored it as "b.flist"'],
  ['success: false', { [UPLOAD]: uploaded('a.flist', { success: false, error: 'bad' }) }, 'rejected', 'error "bad"'],
  [
    'status 1',
    { [UPLOAD]: uploaded('a.flist', { status: 1, response: {} }) },
    'rejected',
    'could not read it (status 1',
  ],
  [
    'missing chunks',
    { [UPLOAD]: uploaded('a.flist', { response: { regular: 2, failure: 1 } }) },
    'rejected',
    '1 files miss',
  ],
  ['nothing', { [UPLOAD]: { text: '{"status": "success"}' } }, 'rejected', 'stored it as undefined'],
  ['a web page', { [UPLOAD]: { text: '<html>ok</html>' } }, 'server', '(200: ok)'],
  ['500 with "success"', { [UPLOAD]: { status: 500, text: '{"status": "success"}' } }, 'server', 'is a failure'],
  [
    'nothing stored',
    { [LIGHT]: NOT_FOUND, 'GET /alice/a.flist.md5': { status: 404 } },
    'mismatch',
    'the hub has nothing there',
  ],
  ['other bytes', { [LIGHT]: [NOT_FOUND, light({ md5: 'f'.repeat(32) })] }, 'mismatch', `the file has md5 ${MD5}`],
  ['a cut file', { [LIGHT]: [NOT_FOUND, light({ size: 0 })] }, 'mismatch', 'run again'],
  ['a link', { [LIGHT]: [NOT_FOUND, light({ type: 'symlink', target: 'x.flist' })] }, 'mismatch', 'a symlink flist'],
])('a hub that answers 200 with %s has not stored the flist', async (_, script, code, text) => {
  const { hub, url } = await scriptedHub({ ...UPLOADING, ...script })
  const error: HubError = await hub.uploadFlist(await flistFile(), 'a.flist').catch((error) => error)
  expect(error).toMatchObject({ name: 'HubError', code, message: expect.stringContaining(text) })
  expect(error.message.startsWith(`${url}, upload of "a.flist": `)).toBe(true)
})

test('an answer too long to look at counts when the flist is there', async () => {
  const { hub } = await scriptedHub({ ...UPLOADING, [UPLOAD]: { text: 'x'.repeat(17 * 1024 * 1024) } })
  await hub.uploadFlist(await flistFile(), 'a.flist')
})

test('a 500 is not tried again, whatever its body', async () => {
  for (const text of ['{"status": "error", "message": "no file found"}', '<title>500 Internal Server Error</title>']) {
    const { hub, count } = await scriptedHub({ ...UPLOADING, [UPLOAD]: { status: 500, text } })
    await expect(hub.uploadFlist(await flistFile(), 'a.flist')).rejects.toMatchObject({ status: 500 })
    expect(count(UPLOAD)).toBe(1)
  }
})

test('a proxy that says "later" is asked again, and given up on', async () => {
  const later = { status: 503, headers: { 'Retry-After': '0' }, text: '<title>Service Unavailable</title>' }
  const passing = await scriptedHub({ ...UPLOADING, 'GET /api/flist/me': [later, later, ME] })
  expect(await passing.hub.account()).toBe('alice')
  const staying = await scriptedHub({ 'GET /api/flist/me': later })
  await expect(staying.hub.account()).rejects.toMatchObject({ code: 'server', status: 503 })
  expect(staying.count('GET /api/flist/me')).toBe(3)
})

test('a pause that is longer than the deadline is not waited for', async () => {
  const later = { status: 429, headers: { 'Retry-After': '3600' } }
  const { hub, count } = await scriptedHub({ 'GET /api/flist/me': later })
  await expect(hub.account()).rejects.toMatchObject({ status: 429 })
  expect(count('GET /api/flist/me')).toBe(1)
})

test('a date to ask again at is one of the clock of the server, whatever that says', async () => {
  const day = 24 * 60 * 60 * 1000
  const headers = {
    Date: new Date(Date.now() + day).toUTCString(),
    'Retry-After': new Date(Date.now() + day).toUTCString(),
  }
  const { hub } = await scriptedHub({ 'GET /api/flist/me': [{ status: 503, headers }, ME] })
  expect(await hub.account()).toBe('alice')
})

test('an answer that breaks off is asked for again', async () => {
  let broken = 0
  const { hub } = await scriptedHub({
    'GET /api/flist/me': (_, response) => {
      if (broken++ > 1) return void response.end(ME.text)
      response.writeHead(200, { 'Content-Length': '500' })
      response.write('{"status"', () => response.destroy())
    },
  })
  expect(await hub.account()).toBe('alice')
  expect(broken).toBe(3)
})

test('every attempt of an upload has a file name of its own', async () => {
  const { hub, calls } = await scriptedHub({
    ...UPLOADING,
    [LIGHT]: [NOT_FOUND, NOT_FOUND, light({})],
    [UPLOAD]: [{ status: 502 }, uploaded('a.flist', {})],
  })
  await hub.uploadFlist(await flistFile(), 'a.flist')
  const names = calls.flatMap(({ body }) => /filename="([^"]+)"/.exec(body)?.[1] ?? [])
  expect(new Set(names).size).toBe(2)
})

test('a delete whose answer got lost has worked', async () => {
  const { hub } = await scriptedHub({
    'GET /api/flist/me': ME,
    [LIGHT]: NOT_FOUND,
    'DELETE /api/flist/me/a.flist': [{ status: 502 }, NOT_FOUND],
  })
  await hub.delete('a.flist')
})

test('a hub that never answers ends at the deadline', async () => {
  const { hub, url } = await scriptedHub({ 'GET /api/flist/me': () => {} }, { deadline: 100 })
  await expect(hub.account()).rejects.toMatchObject({
    code: 'network',
    message: `${url}, account: not done within 0.1 s; check that the hub is up, then run again`,
  })
})

test('an abort is thrown as it is', async () => {
  const { hub } = await scriptedHub({ 'GET /api/flist/me': () => {} })
  const reason = new Error('stopped by the user')
  await expect(hub.account({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  const later = new AbortController()
  setTimeout(() => later.abort(reason), 20)
  await expect(hub.account({ signal: later.signal })).rejects.toBe(reason)
})

test('a redirect is not followed', async () => {
  const { hub } = await scriptedHub({ 'GET /api/flist/me': { status: 308, headers: { Location: 'https://other/' } } })
  await expect(hub.account()).rejects.toMatchObject({
    code: 'server',
    message: expect.stringContaining('redirected to "https://other/" (308); use the URL of the hub itself'),
  })
})

test.each(['/base', '/base/'])('a path in the URL, %s, stays in front', async (path) => {
  const { url } = await scriptedHub({ 'GET /base/api/flist/me': ME })
  const hub = new HubClient({ url: url + path, token: TOKEN })
  expect(await hub.account()).toBe('alice')
  await hub.close()
})

test.each<[string, Answer]>([
  ['a page', { text: '<html>' }],
  ['a number', { text: '1' }],
  ['a size that is none', light({ size: '1' })],
  ['an md5 that is none', light({ md5: 'no' })],
  ['a type that is none', light({ type: 'directory' })],
  ['a link without target', light({ type: 'symlink' })],
  ["a 404 that is not a hub's", { status: 404, text: '<title>404 Not Found</title>' }],
])('light does not take %s for an answer', async (_, answer) => {
  const { hub } = await scriptedHub({ [LIGHT]: answer })
  await expect(hub.light('alice', 'a')).rejects.toMatchObject({ code: 'server' })
})

test('a download that is not what the hub said is an error at its end', async () => {
  const { hub } = await scriptedHub({ ...UPLOADING, 'GET /alice/a.flist': { text: 'other' } })
  const read = async () => {
    for await (const _ of hub.download('alice', 'a'));
  }
  await expect(read()).rejects.toMatchObject({
    code: 'mismatch',
    message: expect.stringContaining(`the hub said ${MD5}`),
  })
})

test('a download that breaks off is an error', async () => {
  const { hub } = await scriptedHub({
    ...UPLOADING,
    'GET /alice/a.flist': (_, response) => {
      response.writeHead(200, { 'Content-Length': '500' })
      response.write('half', () => response.destroy())
    },
  })
  const read = async () => {
    for await (const _ of hub.download('alice', 'a'));
  }
  await expect(read()).rejects.toMatchObject({ code: 'network' })
})

test('the token is in nothing that can be printed', async () => {
  const echo = (request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(500, { Location: TOKEN })
    response.end(`<title>Debugger: ${JSON.stringify(request.headers)} ${TOKEN}</title>`)
  }
  const garbage = (_: IncomingMessage, response: ServerResponse): void => {
    response.socket?.end(`HTTP/1.1 ${TOKEN} nonsense\r\n\r\n`)
  }
  for (const answer of [echo, garbage, { status: 308, headers: { Location: `https://other/${TOKEN}` } }]) {
    const { hub } = await scriptedHub({ 'GET /api/flist/me': answer })
    const error: HubError = await hub.account().catch((error) => error)
    expect(error).toMatchObject({ name: 'HubError' })
    const shown = [error.message, error.stack, inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error)]
    shown.push(inspect(hub, { depth: 20, showHidden: true }), String(hub), JSON.stringify(hub))
    expect(shown.join('\n')).not.toContain(TOKEN)
  }
})
