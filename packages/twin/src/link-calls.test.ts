import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Called, call, publish, testTwin } from './test-twin.ts'
import { toyFlist } from './toy-flist.ts'
import type { Twin } from './twin.ts'

const ALICE = 'alice.3bot'
const BOB = 'bob.3bot'
const DONE = { status: 200, text: '{"status": "success"}\n' }

const bytes = (text: string): string => String(toyFlist({ file: text }))
const ask = (twin: Twin, path: string, user = ALICE): Promise<Called> => call(twin, `/api/flist/me/${path}`, user)
const stored = async (twin: Twin, path: string): Promise<string> => (await call(twin, `/${path}.flist`)).text

/** Alice has `one` and the link `l` to it, Bob has `two`. */
async function stocked(options: Parameters<typeof testTwin>[0] = {}) {
  const twin = await testTwin(options)
  await publish(twin, ALICE, 'one.flist', 'one')
  await publish(twin, BOB, 'two.flist', 'two')
  await ask(twin, 'one/link/l')
  return twin
}

const refused = (status: number, message: string) => ({
  status,
  text: `{"status": "error", "message": "${message}"}\n`,
})

test('a crosslink leads to another repository, and is moved by a second one', async () => {
  const twin = await stocked()
  expect(await ask(twin, `theirs/crosslink/${BOB}/two`)).toMatchObject(DONE)
  expect(await stored(twin, `${ALICE}/theirs`)).toBe(bytes('two'))
  const { text } = await call(twin, `/api/flist/${ALICE}/theirs/light`)
  expect(JSON.parse(text)).toMatchObject({ type: 'symlink', target: `../${BOB}/two.flist` })
  expect(await ask(twin, `theirs/crosslink/${ALICE}/one.flist`)).toMatchObject(DONE)
  expect(await stored(twin, `${ALICE}/theirs`)).toBe(bytes('one'))
})

test.each([
  ['l/crosslink/nobody/two', 404, 'source repository not found'],
  [`l/crosslink/${BOB}/none`, 404, 'source not found'],
  [`one/crosslink/${BOB}/two`, 401, 'link destination is already a file'],
  ['none/rename/x', 404, 'source not found'],
  ['promote/nobody/two/x', 404, 'user not found'],
  [`promote/${BOB}/none/x`, 404, 'source not found'],
])('GET me/%s is %i %s', async (path, status, message) => {
  expect(await ask(await stocked(), path)).toMatchObject(refused(status, message))
})

test('a crosslink of who has no repository is an HTML 500', async () => {
  const twin = await stocked()
  const answer = await ask(twin, `l/crosslink/${BOB}/two`, 'carol.3bot')
  expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('<h1>Internal Server Error</h1>') })
})

test('rename moves a flist or a link, over what has the name, without a word', async () => {
  const twin = await stocked()
  await publish(twin, ALICE, 'three.flist', 'three')
  expect(await ask(twin, 'three/rename/one.flist')).toMatchObject(DONE)
  expect(await stored(twin, `${ALICE}/one`)).toBe(bytes('three'))
  await publish(twin, ALICE, 'four.flist', 'four')
  await ask(twin, 'four/link/next')
  expect(await ask(twin, 'next/rename/l')).toMatchObject(DONE)
  expect(await stored(twin, `${ALICE}/l`)).toBe(bytes('four'))
  expect((await readdir(join(twin.root, 'users', ALICE))).sort()).toEqual(['four.flist', 'l.flist', 'one.flist'])
  expect((await ask(twin, `four/rename/${'n'.repeat(250)}`)).status).toBe(500)
})

test('promote copies, makes the repository, overwrites, and takes what a link leads to', async () => {
  const twin = await stocked()
  const answer = await ask(twin, `promote/${ALICE}/l/copy`, 'carol.3bot')
  expect(answer).toMatchObject({
    status: 200,
    text: `{"status": "success", "payload": {"source": {"username": "${ALICE}", "filename": "l.flist"}, "destination": {"username": "carol.3bot", "filename": "copy.flist"}}}\n`,
  })
  expect(await stored(twin, 'carol.3bot/copy')).toBe(bytes('one'))
  await ask(twin, `promote/${BOB}/two/l`)
  expect(await stored(twin, `${ALICE}/l`)).toBe(bytes('two'))
  expect(await stored(twin, `${ALICE}/one`)).toBe(bytes('one'))
})

test('promote onto a link that leads nowhere makes what it leads to', async () => {
  const twin = await stocked()
  await call(twin, '/api/flist/me/one', ALICE, { method: 'DELETE' })
  await ask(twin, `promote/${BOB}/two/l`)
  expect(await stored(twin, `${ALICE}/one`)).toBe(bytes('two'))
  expect(JSON.parse((await call(twin, `/api/flist/${ALICE}/l/light`)).text)).toMatchObject({ type: 'symlink' })
})

test('promote onto itself deletes the flist, and says 500', async () => {
  const twin = await stocked()
  expect(await ask(twin, `promote/${ALICE}/one/one`)).toMatchObject({ status: 500 })
  expect((await call(twin, `/${ALICE}/one.flist`)).status).toBe(404)
})

test('a strict twin keeps a flist that is promoted onto itself, and makes a repository for links', async () => {
  const twin = await stocked({ strict: true })
  expect(await ask(twin, `promote/${ALICE}/l/one`)).toMatchObject(refused(409, 'source and destination are one flist'))
  expect(await stored(twin, `${ALICE}/one`)).toBe(bytes('one'))
  expect(await ask(twin, `l/crosslink/${BOB}/two`, 'carol.3bot')).toMatchObject(DONE)
  expect(await ask(twin, 'one/link/one')).toMatchObject(refused(409, 'link destination is already a file'))
  expect(await ask(twin, 'l/link/l')).toMatchObject(refused(409, 'a link can not lead to itself'))
})
