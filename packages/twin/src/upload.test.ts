import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { call, publish, storeToyChunks, testTwin, upload } from './test-twin.ts'
import { toyFlist } from './toy-flist.ts'

const USER = 'alice.3bot'
const UPLOAD = '/api/flist/me/upload-flist'

/** A form written by hand, for what no client library sends. */
function form(...parts: readonly string[]): RequestInit {
  const body = parts.map((part) => `--limit\r\n${part}\r\n`).join('')
  const headers = { 'Content-Type': 'multipart/form-data; boundary=limit' }
  return { method: 'POST', headers, body: `${body}--limit--\r\n` }
}

test('a flist whose chunks are stored is stored byte by byte; the answer lists all of it', async () => {
  const twin = await testTwin()
  await storeToyChunks(twin, USER, ['one', 'two'])
  const bytes = toyFlist({ etc: null, 'etc/one': 'one', 'etc/é': 'two', 'etc/empty': '' })
  const answer = await upload(twin, USER, 'image.flist', bytes)
  expect(answer.status).toBe(200)
  expect(answer.text).toMatch(
    /^\{"status": "success", "payload": \{"name": "image\.flist", "files": \{"success": true, /,
  )
  expect(JSON.parse(answer.text).payload.files).toEqual({
    success: true,
    error: null,
    response: {
      content: [
        { size: 4096, path: '/etc' },
        { size: 3, path: '/etc/one' },
        { size: 3, path: '/etc/é' },
        { size: 0, path: '/etc/empty' },
      ],
      regular: 3,
      symlink: 0,
      directory: 1,
      special: 0,
      failure: 0,
      fullsize: 6,
    },
    status: 0,
  })
  expect(await readFile(join(twin.root, 'users', USER, 'image.flist'))).toEqual(bytes)
  expect(await readdir(join(twin.root, 'incoming'))).toEqual([])
})

test('a flist with any chunk missing is refused, and the old one stays', async () => {
  const twin = await testTwin()
  await publish(twin, USER, 'image.flist', 'old')
  const answer = await upload(twin, USER, 'image.flist', toyFlist({ a: 'old', b: 'never stored' }))
  expect(answer).toMatchObject({
    status: 500,
    text: '{"status": "error", "message": "unauthorized upload, contents is not fully present on backend"}\n',
  })
  expect((await call(twin, `/${USER}/image.flist`)).text).toBe(String(toyFlist({ file: 'old' })))
})

test.each([
  ['garbage', 'garbage'],
  ['an empty file', ''],
  ['a truncated flist', '{"a": '],
])('%s is an HTML 500, and the old flist stays', async (_, content) => {
  const twin = await testTwin()
  await publish(twin, USER, 'image.flist', 'old')
  const answer = await upload(twin, USER, 'image.flist', Buffer.from(content))
  expect(answer).toMatchObject({
    status: 500,
    text: expect.stringContaining('<title>500 Internal Server Error</title>'),
  })
  expect((await call(twin, `/${USER}/image.flist`)).text).toBe(String(toyFlist({ file: 'old' })))
  expect(await readdir(join(twin.root, 'incoming'))).toEqual([])
})

const disposition = (fields: string): string => `Content-Disposition: form-data; ${fields}`

test.each([
  ['no field', form(), 'no file found'],
  ['another field', form(`${disposition('name="flist"; filename="a.flist"')}\r\n\r\nx`), 'no file found'],
  ['a text field', form(`${disposition('name="file"')}\r\n\r\nx`), 'no file found'],
  ['a raw body', { method: 'POST', body: 'x' }, 'no file found'],
  ['no body', { method: 'POST' }, 'no file found'],
  ['a broken form', { ...form(), body: '--limit\r\nbad header\r\n\r\nx' }, 'no file found'],
  [
    'an empty file name',
    form(`${disposition('name="file"; filename=""')}\r\nContent-Type: application/octet-stream\r\n\r\n`),
    'no file selected',
  ],
  ['.tar.gz', form(`${disposition('name="file"; filename="a.tar.gz"')}\r\n\r\nx`), 'this file is not allowed'],
  ['.FLIST', form(`${disposition('name="file"; filename="a.FLIST"')}\r\n\r\nx`), 'this file is not allowed'],
])('%s: a client error reported as 500', async (_, init, message) => {
  const twin = await testTwin()
  const answer = await call(twin, UPLOAD, USER, init)
  expect(answer).toMatchObject({ status: 500, text: `{"status": "error", "message": "${message}"}\n` })
  expect((await call(twin, `/api/flist/${USER}`)).status).toBe(404)
})

test('the extension of the multipart name counts, whatever X-Original-Name says', async () => {
  const twin = await testTwin()
  const refused = await upload(twin, USER, 'a.bin', toyFlist({}), { 'X-Original-Name': 'a.flist' })
  expect(refused.text).toContain('this file is not allowed')
  const stored = await upload(twin, USER, '0b1c.flist', toyFlist({}), { 'X-Original-Name': '/tmp/wanted.tar.gz' })
  expect(JSON.parse(stored.text).payload.name).toBe('wanted.flist')
})

test('a UTF-8 header arrives as mojibake, a name in the form is made ASCII', async () => {
  const twin = await testTwin()
  await upload(twin, USER, 'x.flist', toyFlist({}), { 'X-Original-Name': Buffer.from('ü').toString('latin1') })
  await upload(twin, USER, 'ünï.flist', toyFlist({}))
  const names = JSON.parse((await call(twin, `/api/flist/${USER}`)).text).map(({ name }: { name: string }) => name)
  expect(names).toEqual(['uni.flist', 'Ã¼.flist'])
})

test('a name over 236 characters: success, and nothing is stored', async () => {
  const twin = await testTwin()
  const name = 'n'.repeat(237)
  const answer = await upload(twin, USER, 'x.flist', toyFlist({}), { 'X-Original-Name': name })
  expect(JSON.parse(answer.text)).toMatchObject({ status: 'success', payload: { name: `${name}.flist` } })
  expect((await call(twin, `/api/flist/${USER}/${name}/light`)).status).toBe(404)
  expect((await upload(twin, USER, 'x.flist', toyFlist({}), { 'X-Original-Name': 'n'.repeat(236) })).status).toBe(200)
  expect((await call(twin, `/api/flist/${USER}/${'n'.repeat(236)}/light`)).status).toBe(200)
})

test('a multipart name over 255 characters is an HTML 500', async () => {
  const twin = await testTwin()
  const answer = await upload(twin, USER, `${'n'.repeat(250)}.flist`, toyFlist({}), { 'X-Original-Name': 'short' })
  expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('<!doctype html>') })
})

test('an upload onto a link overwrites what the link leads to', async () => {
  const twin = await testTwin()
  await publish(twin, USER, 'build-1.flist', 'one')
  await call(twin, '/api/flist/me/build-1/link/image', USER)
  await publish(twin, USER, 'image.flist', 'two')
  expect((await call(twin, `/${USER}/build-1.flist`)).text).toBe(String(toyFlist({ file: 'two' })))
  expect(JSON.parse((await call(twin, `/api/flist/${USER}/image/light`)).text).type).toBe('symlink')
})

test('without a token nothing of the body is kept, and the answer arrives', async () => {
  const twin = await testTwin()
  const answer = await call(twin, UPLOAD, undefined, { method: 'POST', body: Buffer.alloc(3_000_000) })
  expect(answer.status).toBe(401)
  expect(await readdir(join(twin.root, 'incoming'))).toEqual([])
})

test('a connection that breaks in the middle of an upload leaves nothing', async () => {
  const twin = await testTwin()
  const { port } = new URL(twin.url)
  const socket = connect(Number(port), '127.0.0.1')
  const head = `POST ${UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: bearer ${twin.mintToken(USER)}\r\nContent-Length: 9999\r\n`
  socket.write(`${head}Content-Type: multipart/form-data; boundary=limit\r\n\r\n--limit\r\n`)
  socket.write(`${disposition('name="file"; filename="a.flist"')}\r\n\r\n${'x'.repeat(2000)}`)
  await vi.waitFor(async () => expect(await readdir(join(twin.root, 'incoming'))).toHaveLength(1))
  socket.destroy()
  await vi.waitFor(async () => expect(await readdir(join(twin.root, 'incoming'))).toEqual([]))
  expect((await call(twin, `/api/flist/${USER}`)).status).toBe(404)
})

test('a chunked body after Expect: 100-continue is taken', async () => {
  const twin = await testTwin()
  const { port } = new URL(twin.url)
  const socket = connect(Number(port), '127.0.0.1')
  let got = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    got += text
  })
  const head = `POST ${UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: bearer ${twin.mintToken(USER)}\r\nExpect: 100-continue\r\n`
  socket.write(`${head}Transfer-Encoding: chunked\r\nContent-Type: multipart/form-data; boundary=limit\r\n\r\n`)
  await vi.waitFor(() => expect(got).toContain('HTTP/1.1 100 Continue\r\n\r\n'))
  const body = `--limit\r\n${disposition('name="file"; filename="a.flist"')}\r\n\r\n{}\r\n--limit--\r\n`
  for (const character of body) socket.write(`1\r\n${character}\r\n`)
  socket.write('0\r\n\r\n')
  await vi.waitFor(() => expect(got).toContain('"name": "a.flist"'))
  await sleep(0)
  socket.destroy()
})
