import { expect, test } from 'vitest'
import { call, testTwin, upload } from './test-twin.ts'
import { toyContents } from './toy-flist.ts'
import type { Twin } from './twin.ts'

const USER = 'alice.3bot'
const FILE = `/${USER}/a.flist`

async function stocked(): Promise<Twin> {
  const twin = await testTwin({ inspectFlist: async () => toyContents([]) })
  await upload(twin, USER, 'a.flist', Buffer.from('0123456789'))
  await upload(twin, USER, 'empty.flist', Buffer.from(''))
  return twin
}

test('a download has type, length, validators and no caching', async () => {
  const twin = await stocked()
  const { status, text, headers } = await call(twin, FILE)
  expect({ status, text }).toEqual({ status: 200, text: '0123456789' })
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': 'inline; filename=a.flist',
    'content-length': '10',
    'cache-control': 'no-cache',
    'accept-ranges': 'bytes',
    etag: expect.stringMatching(/^".+"$/),
    'last-modified': expect.stringMatching(/ GMT$/),
  })
})

test('HEAD has the same headers and no body', async () => {
  const twin = await stocked()
  const { status, text, headers } = await call(twin, FILE, undefined, { method: 'HEAD' })
  expect({ status, text, length: headers.get('Content-Length') }).toEqual({ status: 200, text: '', length: '10' })
})

test.each([
  ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
  ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
  ['bytes=-2', 206, '89', 'bytes 8-9/10'],
  ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
  ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
  ['bytes=10-', 416, undefined, 'bytes */10'],
  ['bytes=5-2', 416, undefined, 'bytes */10'],
  ['bytes=0-1,3-4', 416, undefined, 'bytes */10'],
  ['bytes=-', 416, undefined, 'bytes */10'],
  ['lines=1-2', 416, undefined, 'bytes */10'],
])('Range: %s is %i', async (range, status, text, contentRange) => {
  const twin = await stocked()
  const answer = await call(twin, FILE, undefined, { headers: { Range: range } })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('Content-Range')).toBe(contentRange)
  if (text !== undefined) expect(answer.text).toBe(text)
})

test('what the client has already is a 304', async () => {
  const twin = await stocked()
  const { headers } = await call(twin, FILE)
  const etag = headers.get('ETag') ?? ''
  const modified = headers.get('Last-Modified') ?? ''
  const status = async (sent: Record<string, string>): Promise<number> =>
    (await call(twin, FILE, undefined, { headers: sent })).status
  expect(await status({ 'If-None-Match': `"other", ${etag}` })).toBe(304)
  expect(await status({ 'If-None-Match': '"other"' })).toBe(200)
  expect(await status({ 'If-Modified-Since': modified })).toBe(304)
  expect(await status({ 'If-Modified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' })).toBe(200)
  expect(await status({ Range: 'bytes=0-1', 'If-Range': etag })).toBe(206)
  expect(await status({ Range: 'bytes=0-1', 'If-Range': '"other"' })).toBe(200)
})

test('an empty file has no ranges', async () => {
  const twin = await stocked()
  const answer = await call(twin, `/${USER}/empty.flist`, undefined, { headers: { Range: 'bytes=0-' } })
  expect(answer).toMatchObject({ status: 200, text: '' })
})

test('another version has another ETag', async () => {
  const twin = await stocked()
  const before = await call(twin, FILE)
  await upload(twin, USER, 'a.flist', Buffer.from('9876543210'))
  const after = await call(twin, FILE)
  expect(after.headers.get('ETag')).not.toBe(before.headers.get('ETag'))
})

test.each([`/${USER}/none.flist`, '/nobody/a.flist', `/${USER}/.flist`])('%s is an HTML 404', async (path) => {
  const twin = await stocked()
  expect(await call(twin, path)).toMatchObject({ status: 404, text: expect.stringContaining('<!doctype html>') })
})
