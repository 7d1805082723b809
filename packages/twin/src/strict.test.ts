import { expect, test } from 'vitest'
import { Faults } from './faults.ts'
import { askHub, call, publish, storeToyChunks, testTwin, upload } from './test-twin.ts'
import { toyFlist } from './toy-flist.ts'

const USER = 'alice.3bot'

test('a strict twin stores a flist as the hub does', async () => {
  const twin = await testTwin({ strict: true })
  await publish(twin, USER, 'a.flist', 'x')
  await call(twin, '/api/flist/me/a/link/l', USER)
  expect((await call(twin, `/${USER}/l.flist`)).text).toBe(String(toyFlist({ file: 'x' })))
})

test.each([
  ['chunks that are not stored', toyFlist({ a: 'never stored' }), 'image.flist', 422],
  ['garbage', Buffer.from('garbage'), 'image.flist', 422],
  ['a name that would be changed', toyFlist({}), 'sp ace.flist', 400, 'sp ace.flist'],
  ['a hidden name', toyFlist({}), 'a.flist', 400, '.hidden.flist'],
  ['a tag as a name', toyFlist({}), 'a.flist', 400, '.tag-v1'],
  ['a name that would be lost', toyFlist({}), 'a.flist', 400, `${'n'.repeat(240)}.flist`],
  ['the wrong ending', toyFlist({}), 'image.tar', 415],
])('%s is a client error with its own status, in JSON', async (_, bytes, name, status, original = name) => {
  const twin = await testTwin({ strict: true })
  await publish(twin, USER, 'image.flist', 'old')
  const answer = await upload(twin, USER, name, bytes, { 'X-Original-Name': original })
  expect(answer.status).toBe(status)
  expect(JSON.parse(answer.text)).toMatchObject({ status: 'error' })
  expect((await call(twin, `/${USER}/image.flist`)).text).toBe(String(toyFlist({ file: 'old' })))
})

test('an upload onto a link is refused', async () => {
  const twin = await testTwin({ strict: true })
  await publish(twin, USER, 'one.flist', 'one')
  await call(twin, '/api/flist/me/one/link/l', USER)
  expect(await upload(twin, USER, 'l.flist', toyFlist({}))).toMatchObject({
    status: 409,
    text: '{"status": "error", "message": "there is a link of this name"}\n',
  })
  expect((await call(twin, `/${USER}/one.flist`)).text).toBe(String(toyFlist({ file: 'one' })))
})

test('readers meet the old flist or the new one, and nothing else', async () => {
  const faults = new Faults()
  const twin = await testTwin({ strict: true, faults })
  await publish(twin, USER, 'a.flist', 'old')
  await call(twin, '/api/flist/me/a/link/l', USER)
  await storeToyChunks(twin, USER, ['new'])
  faults.add({ server: 'hub', call: '*', kind: 'half-applied', stage: 'removed' })
  const seen = new Set<string>()
  const write = async (): Promise<void> => {
    for (let round = 0; round < 10; round++) {
      await upload(twin, USER, 'a.flist', toyFlist({ file: round % 2 === 0 ? 'new' : 'old' }))
      await call(twin, '/api/flist/me/a/link/l', USER)
    }
  }
  const writing = write().then(() => 'done' as const)
  while (
    (await Promise.race([writing, call(twin, `/${USER}/l.flist`)]).then((read) => {
      if (read !== 'done') seen.add(read.text)
      return read
    })) !== 'done'
  );
  expect([...seen].sort()).toEqual(['new', 'old'].map((file) => String(toyFlist({ file }))))
})

test('what the hub answers {} or an HTML 500 to, says what is wrong', async () => {
  const twin = await testTwin({ strict: true })
  await publish(twin, USER, 'a.flist', 'x')
  await call(twin, '/api/flist/me/a/link/gone', USER)
  await call(twin, '/api/flist/me/a', USER, { method: 'DELETE' })
  for (const what of ['', '/metadata']) {
    const answer = await call(twin, `/api/flist/${USER}/gone${what}`)
    expect(answer).toMatchObject({ status: 422, text: expect.stringContaining('the flist can not be read') })
  }
  await publish(twin, USER, 'a.flist', 'x')
  const about = JSON.parse((await call(twin, `/${USER}/a.json`)).text)
  expect(about).toMatchObject({ file: 'a.flist', source: `${twin.url}/${USER}/a.flist` })
  expect(await askHub(twin, 'GET /api/flist/.. HTTP/1.1\r\nHost: hub\r\n\r\n')).toMatch(/^HTTP\/1\.1 404 /)
})
