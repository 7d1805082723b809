import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Called, call, publish, testTwin } from './test-twin.ts'
import { toyFlist } from './toy-flist.ts'
import type { Twin } from './twin.ts'

const ALICE = 'alice.3bot'

const merge = (twin: Twin, name: string, sources: unknown, user = ALICE): Promise<Called> => {
  const body = typeof sources === 'string' ? sources : JSON.stringify(sources)
  return call(twin, `/api/flist/me/merge/${name}`, user, { method: 'POST', body })
}

async function stocked(options: Parameters<typeof testTwin>[0] = {}) {
  const twin = await testTwin(options)
  await publish(twin, ALICE, 'a.flist', 'a')
  await publish(twin, 'bob.3bot', 'b.flist', 'b')
  await writeFile(join(twin.root, 'users', ALICE, 'broken.flist'), 'garbage')
  return twin
}

test('several flists become one, of which the first has precedence', async () => {
  const twin = await stocked()
  await writeFile(join(twin.root, 'users', ALICE, 'c.flist'), toyFlist({ file: 'c', more: 'c' }))
  const answer = await merge(twin, 'all', ['bob.3bot/b', `${ALICE}/c.flist`])
  expect(answer).toMatchObject({ status: 200, text: '{"status": "success"}\n' })
  expect(JSON.parse((await call(twin, `/${ALICE}/all.flist`)).text)).toEqual({ file: 'b', more: 'c' })
})

test.each([
  ['no list', '{', 'malformed json request'],
  ['an object', {}, 'malformed json request'],
  ['an empty list', [], 'no source found'],
  ['a source without repository', ['a'], 'malformed source filename'],
  ['a source that is not there', [`${ALICE}/none`], `${ALICE}/none.flist does not exists`],
])('%s is a 500 with a message', async (_, sources, message) => {
  const answer = await merge(await stocked(), 'all', sources)
  expect(answer).toMatchObject({ status: 500, text: `{"status": "error", "message": "${message}"}\n` })
})

test('a source that is no text is an HTML 500', async () => {
  const answer = await merge(await stocked(), 'all', [5])
  expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('<!doctype html>') })
})

test('a broken source is a 500 that says "success", and the old flist stays', async () => {
  const twin = await stocked()
  const answer = await merge(twin, 'a', [`${ALICE}/a`, `${ALICE}/broken`])
  expect(answer).toMatchObject({ status: 500, text: '{"status": "success"}\n' })
  expect((await call(twin, `/${ALICE}/a.flist`)).text).toBe(String(toyFlist({ file: 'a' })))
})

test('who has no repository gets "success" for nothing', async () => {
  const twin = await stocked()
  expect(await merge(twin, 'all', [`${ALICE}/a`], 'carol.3bot')).toMatchObject({ status: 200 })
  expect((await call(twin, '/carol.3bot/all.flist')).status).toBe(404)
})

test('a strict twin says what is wrong, and makes the repository', async () => {
  const twin = await stocked({ strict: true })
  expect((await merge(twin, 'all', 'x')).status).toBe(400)
  expect((await merge(twin, 'all', [5])).status).toBe(400)
  expect((await merge(twin, 'all', [`${ALICE}/none`])).status).toBe(404)
  expect(await merge(twin, 'all', [`${ALICE}/broken`])).toMatchObject({
    status: 422,
    text: '{"status": "error", "message": "a source can not be read"}\n',
  })
  expect((await merge(twin, 'all', [`${ALICE}/a`], 'carol.3bot')).status).toBe(200)
  expect((await call(twin, '/carol.3bot/all.flist')).status).toBe(200)
})
