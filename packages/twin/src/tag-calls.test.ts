import { expect, test } from 'vitest'
import { type Called, call, publish, testTwin } from './test-twin.ts'
import { toyFlist } from './toy-flist.ts'
import type { Twin } from './twin.ts'

const ALICE = 'alice.3bot'
const BOB = 'bob.3bot'
const DONE = { status: 200, text: '{"status": "success"}\n' }

const ask = (twin: Twin, path: string, user = ALICE, method = 'GET'): Promise<Called> =>
  call(twin, `/api/flist/me/${path}`, user, { method })

/** Alice has `one`, Bob has `two`, and Alice's tag `v1` has links to both. */
async function tagged() {
  const twin = await testTwin()
  await publish(twin, ALICE, 'one.flist', 'one')
  await publish(twin, BOB, 'two.flist', 'two')
  expect(await ask(twin, `v1/first/tag/${ALICE}/one`)).toMatchObject(DONE)
  expect(await ask(twin, `v1/second/tag/${BOB}/two.flist`)).toMatchObject(DONE)
  return twin
}

test('a tag holds links to flists of any repository', async () => {
  const twin = await tagged()
  const { status, text } = await call(twin, `/api/flist/${ALICE}/tags/v1`)
  expect(status).toBe(200)
  expect(JSON.parse(text)).toMatchObject([
    { name: 'first.flist', type: 'symlink', target: `${ALICE}/one.flist` },
    { name: 'second.flist', type: 'symlink', target: `${BOB}/two.flist` },
  ])
  const got = await call(twin, `/${ALICE}/tags/v1/second.flist`)
  expect(got).toMatchObject({ status: 200, text: String(toyFlist({ file: 'two' })) })
  expect((await call(twin, `/${ALICE}/tags/v1/second.flist.md5`)).status).toBe(404)
})

test('a repository lists its tags by name', async () => {
  const twin = await tagged()
  const { text } = await call(twin, `/api/flist/${ALICE}`)
  expect(JSON.parse(text)).toMatchObject([
    { name: 'v1', size: '0 KB', type: 'tag' },
    { name: 'one.flist', type: 'regular' },
  ])
  expect(JSON.parse((await call(twin, '/api/flist')).text)).toEqual([
    `${ALICE}/.tag-v1`,
    `${ALICE}/one.flist`,
    `${BOB}/two.flist`,
  ])
})

test('tagging a name again moves its link', async () => {
  const twin = await tagged()
  expect(await ask(twin, `v1/first/tag/${BOB}/two`)).toMatchObject(DONE)
  expect((await call(twin, `/${ALICE}/tags/v1/first.flist`)).text).toBe(String(toyFlist({ file: 'two' })))
})

test('untagging needs a source that exists, not the right one; the last link takes the tag with it', async () => {
  const twin = await tagged()
  const untag = (path: string) => ask(twin, path, ALICE, 'DELETE')
  expect(await untag(`v1/none/tag/${ALICE}/one`)).toMatchObject({
    status: 404,
    text: expect.stringContaining('target not found on this tag'),
  })
  expect((await untag(`v1/first/tag/${ALICE}/none`)).status).toBe(404)
  expect(await untag(`v1/first/tag/${BOB}/two`)).toMatchObject(DONE)
  expect((await call(twin, `/api/flist/${ALICE}/tags/v1`)).status).toBe(200)
  expect(await untag(`v1/second/tag/${BOB}/two`)).toMatchObject(DONE)
  expect((await call(twin, `/api/flist/${ALICE}/tags/v1`)).status).toBe(404)
})

test('a link to a whole tag has no .flist, tells where it leads, and goes by its bare name', async () => {
  const twin = await tagged()
  expect(await ask(twin, `stable/crosstag/${ALICE}/v1`, BOB)).toMatchObject(DONE)
  expect(await call(twin, `/api/flist/${BOB}/stable/taglink`)).toMatchObject({
    status: 200,
    text: `{"target": "${ALICE}/tags/v1"}\n`,
  })
  const { text } = await call(twin, `/api/flist/${BOB}`)
  expect(JSON.parse(text)).toMatchObject([
    { name: 'stable', type: 'taglink', target: `${ALICE}/tags/v1` },
    { name: 'two.flist' },
  ])
  expect(await ask(twin, 'stable', BOB, 'DELETE')).toMatchObject(DONE)
  expect((await call(twin, `/api/flist/${BOB}/stable/taglink`)).status).toBe(404)
})

test.each([
  [`v1/x/tag/nobody/one`, 404, 'source repository not found'],
  [`v1/x/tag/${ALICE}/none`, 404, 'source not found'],
  [`x/crosstag/${ALICE}/v2`, 404, 'source tag not found'],
  [`x/crosstag/nobody/v1`, 404, 'source tag not found'],
  [`x.flist/crosstag/${ALICE}/v1`, 401, 'tag symlink cannot ends with .flist'],
  [`one/crosstag/${ALICE}/v1`, 401, 'there is a .flist file with the same name existing already'],
])('GET me/%s is %i %s', async (path, status, message) => {
  const twin = await tagged()
  expect(await ask(twin, path)).toMatchObject({ status, text: `{"status": "error", "message": "${message}"}\n` })
})

test('who has no repository can not tag: an HTML 500', async () => {
  const twin = await tagged()
  expect((await ask(twin, `v1/x/tag/${ALICE}/one`, 'carol.3bot')).status).toBe(500)
  expect((await ask(twin, `x/crosstag/${ALICE}/v1`, 'carol.3bot')).status).toBe(500)
})
