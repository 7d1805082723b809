import { createHash } from 'node:crypto'
import { symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { askHub, call, publish, testTwin, upload } from './test-twin.ts'
import { toyContents, toyFlist } from './toy-flist.ts'
import type { Twin } from './twin.ts'

const USER = 'alice.3bot'
const BYTES = toyFlist({ file: 'x' })
const MD5 = createHash('md5').update(BYTES).digest('hex')

const json = (text: string): unknown => JSON.parse(text)

/** A twin with a flist, a link to it, and a link to a flist that is gone. */
async function stocked(): Promise<Twin & { readonly root: string }> {
  const twin = await testTwin()
  for (const name of ['ok.flist', 'gone.flist']) await publish(twin, USER, name, 'x')
  await call(twin, '/api/flist/me/ok/link/link', USER)
  await call(twin, '/api/flist/me/gone.flist/link/dangling.flist', USER)
  await call(twin, '/api/flist/me/gone', USER, { method: 'DELETE' })
  await utimes(join(twin.root, 'users', USER, 'ok.flist'), 1600000000, 1600000000.9)
  return twin
}

test('light describes a flist', async () => {
  const twin = await stocked()
  const { status, text } = await call(twin, `/api/flist/${USER}/ok/light`)
  expect(status).toBe(200)
  expect(text).toBe(
    `{"name": "ok.flist", "size": ${BYTES.length}, "updated": 1600000000, "type": "regular", "md5": "${MD5}"}\n`,
  )
})

test('light of a link has size, time and md5 of what it leads to, and its raw target', async () => {
  const twin = await stocked()
  const { text } = await call(twin, `/api/flist/${USER}/link.flist/light`)
  const size = BYTES.length
  const linktime = expect.any(Number)
  const target = 'ok.flist'
  expect(json(text)).toEqual({
    name: 'link.flist',
    size,
    updated: 1600000000,
    type: 'symlink',
    md5: MD5,
    linktime,
    target,
  })
})

test('light of a dangling link has no md5', async () => {
  const twin = await stocked()
  const { status, text } = await call(twin, `/api/flist/${USER}/dangling/light`)
  expect(status).toBe(200)
  expect(json(text)).toMatchObject({ type: 'symlink', md5: null, target: 'gone.flist', size: 'gone.flist'.length })
})

test('the method INFO answers what light does', async () => {
  const twin = await stocked()
  const info = async (path: string): Promise<string> => askHub(twin, `INFO ${path} HTTP/1.1\r\nHost: hub\r\n\r\n`)
  const light = await call(twin, `/api/flist/${USER}/link/light`)
  const answer = await info(`/api/flist/${USER}/link`)
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(answer.split('\r\n\r\n')[1]).toBe(light.text)
  expect(await info('/api/flist/me/link')).toContain('{"status": "error", "message": "user not found"}')
  expect(await info('/api/flist/me')).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/)
})

test.each([
  [`/api/flist/nobody/ok`, 404, 'user not found'],
  [`/api/flist/nobody/ok/light`, 404, 'user not found'],
  [`/api/flist/ALICE.3bot/ok/light`, 404, 'user not found'],
  [`/api/flist/me/ok/light`, 404, 'user not found'],
  [`/api/flist/${USER}/none`, 404, 'source not found'],
  [`/api/flist/${USER}/none/light`, 404, 'source not found'],
  [`/api/flist/${USER}/${'n'.repeat(300)}/light`, 404, 'source not found'],
  [`/api/flist/${USER}/%00/light`, 404, 'source not found'],
  [`/api/flist/me/none`, 404, 'source not found'],
  [`/api/flist/me/upload`, 404, 'source not found'],
  [`/api/flist/me/none/link/new`, 404, 'source not found'],
  [`/api/flist/me/ok/link/ok`, 401, 'link destination is already a file'],
])('GET %s is %i %s', async (path, status, message) => {
  const twin = await stocked()
  const answer = await call(twin, path, USER)
  expect(answer).toMatchObject({ status, text: `{"status": "error", "message": "${message}"}\n` })
})

test('a user who never stored anything is not found', async () => {
  const twin = await testTwin()
  for (const [method, path] of [
    ['GET', 'x'],
    ['DELETE', 'x'],
    ['GET', 'x/link/y'],
  ] as const) {
    const answer = await call(twin, `/api/flist/me/${path}`, 'bob.3bot', { method })
    expect(answer).toMatchObject({ status: 404, text: expect.stringContaining('user not found') })
  }
})

test('the listing of a repository, sorted, with targets', async () => {
  const twin = await stocked()
  const { status, text } = await call(twin, `/api/flist/${USER}`)
  expect(status).toBe(200)
  const time = expect.any(Number)
  const size = `${(BYTES.length / 1024).toFixed(2)} KB`
  expect(json(text)).toEqual([
    { name: 'dangling.flist', size: '0.01 KB', updated: time, linktime: time, type: 'symlink', target: 'gone.flist' },
    { name: 'link.flist', size, updated: 1600000000, linktime: time, type: 'symlink', target: 'ok.flist' },
    { name: 'ok.flist', size, updated: 1600000000, type: 'regular' },
  ])
})

test('a crosslink made by hand: raw target in light, without ../ in the listing', async () => {
  const twin = await stocked()
  await publish(twin, 'bob.3bot', 'own.flist', 'y')
  await symlink(`../${USER}/ok.flist`, join(twin.root, 'users', 'bob.3bot', 'cross.flist'))
  const light = await call(twin, '/api/flist/bob.3bot/cross/light')
  expect(json(light.text)).toMatchObject({ target: `../${USER}/ok.flist`, md5: MD5 })
  const list = await call(twin, '/api/flist/bob.3bot')
  expect(json(list.text)).toMatchObject([{ target: `${USER}/ok.flist` }, { name: 'own.flist' }])
  // The next upload onto it would change the other user's flist.
  await upload(twin, 'bob.3bot', 'cross.flist', toyFlist({}))
  expect((await call(twin, `/${USER}/ok.flist`)).text).toBe('{}')
})

test('the listing of an unknown user is an HTML 404, of .. an empty list', async () => {
  const twin = await stocked()
  const unknown = await call(twin, '/api/flist/nobody')
  expect(unknown).toMatchObject({ status: 404, text: expect.stringContaining('<h1>Not Found</h1>') })
  const above = await askHub(twin, 'GET /api/flist/.. HTTP/1.1\r\nHost: hub\r\n\r\n')
  expect(above.split('\r\n\r\n')[1]).toBe('[]\n')
  const outside = await askHub(twin, 'GET /../incoming.flist HTTP/1.1\r\nHost: hub\r\n\r\n')
  expect(outside).toMatch(/^HTTP\/1\.1 404 /)
})

test('a link is updated, also to another link; a link to a link works', async () => {
  const twin = await stocked()
  await publish(twin, USER, 'newer.flist', 'newer')
  const linked = { status: 200, text: '{"status": "success"}\n' }
  expect(await call(twin, '/api/flist/me/newer/link/link', USER)).toMatchObject(linked)
  expect(await call(twin, '/api/flist/me/link/link/second', USER)).toMatchObject(linked)
  expect((await call(twin, `/${USER}/second.flist`)).text).toBe(String(toyFlist({ file: 'newer' })))
})

test('DELETE removes a link and not its target, and answers 404 the second time', async () => {
  const twin = await stocked()
  const remove = () => call(twin, '/api/flist/me/link', USER, { method: 'DELETE' })
  expect(await remove()).toMatchObject({ status: 200, text: '{"status": "success"}\n' })
  expect(await remove()).toMatchObject({ status: 404, text: expect.stringContaining('source not found') })
  expect((await call(twin, `/${USER}/ok.flist`)).status).toBe(200)
  const dangling = await call(twin, '/api/flist/me/dangling', USER, { method: 'DELETE' })
  expect(dangling.status).toBe(200)
})

test('the contents of a flist are its paths, sizes and counters', async () => {
  const twin = await stocked()
  for (const path of [`/api/flist/${USER}/ok`, '/api/flist/me/link.flist']) {
    const { status, text } = await call(twin, path, USER)
    expect(status).toBe(200)
    const counters = { regular: 1, symlink: 0, directory: 0, special: 0, failure: 0, fullsize: 1 }
    expect(json(text)).toEqual({ content: [{ size: 1, path: '/file' }], ...counters })
  }
})

test('the contents of an unreadable flist or of a dangling link are 200 and {}', async () => {
  const twin = await stocked()
  await writeFile(join(twin.root, 'users', USER, 'broken.flist'), 'garbage')
  for (const name of ['broken', 'dangling']) {
    expect(await call(twin, `/api/flist/${USER}/${name}`)).toMatchObject({ status: 200, text: '{}\n' })
  }
})

test('a path that is not UTF-8 is left out of the answer, a long one is cut', async () => {
  const entries = ['bad\xff', 'd/'.repeat(2000)].map((path) => ({
    path,
    type: 'special' as const,
    size: 0,
    chunkIds: [],
    mode: 0o600,
    uid: 0,
    gid: 0,
    mtime: 0,
  }))
  const twin = await testTwin({ inspectFlist: async () => toyContents(entries) })
  await upload(twin, USER, 'a.flist', Buffer.from('x'))
  const { content } = JSON.parse((await call(twin, `/api/flist/${USER}/a`)).text)
  expect(content).toEqual([{ size: 0 }, { size: 0, path: `/${'d/'.repeat(1023)}` }])
})

test('md5 is 32 hex digits and a newline; of a dangling link it is a 404', async () => {
  const twin = await stocked()
  const answer = await call(twin, `/${USER}/link.flist.md5`)
  expect(answer).toMatchObject({ status: 200, text: `${MD5}\n` })
  expect(answer.headers.get('Content-Type')).toBe('text/plain')
  for (const name of ['dangling', 'none']) {
    const missing = await call(twin, `/${USER}/${name}.flist.md5`)
    expect(missing).toMatchObject({ status: 404, text: expect.stringContaining('<!doctype html>') })
  }
})

test('the repositories, and what all of them have', async () => {
  const twin = await testTwin({ official: ['bob.3bot'] })
  await publish(twin, USER, 'a.flist', 'x')
  await publish(twin, 'bob.3bot', 'b.flist', 'x')
  const updated = expect.any(Number)
  expect(json((await call(twin, '/api/repositories')).text)).toEqual([
    { name: USER, official: false, updated },
    { name: 'bob.3bot', official: true, updated },
  ])
  expect(json((await call(twin, '/api/flist')).text)).toEqual([`${USER}/a.flist`, 'bob.3bot/b.flist'])
  expect(json((await call(twin, '/api/fileslist')).text)).toMatchObject({
    [USER]: [{ name: 'a.flist', type: 'regular' }],
    'bob.3bot': [{ name: 'b.flist', type: 'regular' }],
  })
})

test('metadata has the rows of a flist, and the backend that is used when it names none', async () => {
  const twin = await stocked()
  const { text } = await call(twin, `/api/flist/${USER}/ok/metadata`)
  expect(json(text)).toEqual({
    'backend-forced': { host: '127.0.0.1', port: twin.backend.port, namespace: 'default' },
  })
  expect((await call(twin, `/api/flist/${USER}/none/metadata`)).status).toBe(404)
  const metadata = { backend: { host: 'h', port: 1 }, entrypoint: ['/bin/sh'], own: 'text' }
  const named = await testTwin({ inspectFlist: async () => ({ ...toyContents([]), metadata }) })
  await upload(named, USER, 'a.flist', Buffer.from('x'))
  expect(json((await call(named, `/api/flist/${USER}/a/metadata`)).text)).toEqual(metadata)
})

test('NAME.txt describes a flist; NAME.json is always an HTML 500', async () => {
  const twin = await stocked()
  expect(await call(twin, `/${USER}/link.txt`)).toMatchObject({
    status: 200,
    text: `File:     link.flist\nUploader: ${USER}\nSource:   ${twin.url}/${USER}/link.flist\nStorage:  zdb://127.0.0.1:${twin.backend.port}\nChecksum: ${MD5}\n`,
  })
  expect((await call(twin, `/${USER}/link.json`)).status).toBe(500)
  for (const ending of ['txt', 'json']) expect((await call(twin, `/${USER}/none.${ending}`)).status).toBe(404)
})
