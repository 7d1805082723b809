import { expect, test } from 'vitest'
import { type Called, call, testTwin } from './test-twin.ts'
import { toyFlist } from './toy-flist.ts'
import type { Twin } from './twin.ts'

const ALICE = 'alice.3bot'

const convert = (twin: Twin, body: NonNullable<RequestInit['body']>): Promise<Called> =>
  call(twin, '/api/flist/me/docker', ALICE, { method: 'POST', body })

test('an image becomes a flist; where its name should be the hub tells the counters', async () => {
  const twin = await testTwin()
  const { status, text } = await convert(twin, new URLSearchParams({ image: 'toy' }))
  expect(status).toBe(200)
  const counters = { regular: 1, symlink: 0, directory: 0, special: 0, failure: 0, fullsize: 10 }
  expect(JSON.parse(text)).toEqual({ status: 'success', payload: { name: counters } })
  expect((await call(twin, `/${ALICE}/toy-latest.flist`)).text).toBe(String(toyFlist({ image: 'toy:latest' })))
})

test('a multipart form will do', async () => {
  const twin = await testTwin()
  const form = new FormData()
  form.set('image', 'toy:latest')
  expect((await convert(twin, form)).status).toBe(200)
})

test.each([
  ['no image', new URLSearchParams({ other: 'x' }), 400, 'missing docker image name'],
  ['a JSON body', '{"image": "toy"}', 400, 'missing docker image name'],
  ['an image that is not there', new URLSearchParams({ image: 'none' }), 500, 'could not pull this image'],
])('%s is %i %s', async (_, body, status, message) => {
  const answer = await convert(await testTwin(), body)
  expect(answer).toMatchObject({ status, text: `{"status": "error", "message": "${message}"}\n` })
})

test('a strict twin tells the name', async () => {
  const twin = await testTwin({ strict: true })
  const { text } = await convert(twin, new URLSearchParams({ image: 'toy:latest' }))
  expect(JSON.parse(text).payload).toMatchObject({ name: 'toy-latest.flist', files: { regular: 1 } })
  expect((await convert(twin, new URLSearchParams({ image: 'none' }))).status).toBe(502)
})
