import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faultsAt, gatewayCommands } from './fault-catalogue.ts'
import { type FaultEffect, Faults } from './faults.ts'
import { hubCalls } from './routes.ts'
import { call, publish, request, storeToyChunks, talk, testTwin, upload } from './test-twin.ts'
import { toyChunkId, toyFlist } from './toy-flist.ts'

const USER = 'alice.3bot'
const OLD = String(toyFlist({ file: 'old' }))
const NEW = toyFlist({ file: 'new' })

/** A twin that has the flist `a`, the link `l` to it, and the chunks of {@link NEW}; its record starts here. */
async function faultyTwin() {
  const faults = new Faults()
  const twin = await testTwin({ faults })
  await publish(twin, USER, 'a.flist', 'old')
  await call(twin, '/api/flist/me/a/link/l', USER)
  await storeToyChunks(twin, USER, ['new'])
  faults.reset()
  const stored = async (name: string): Promise<string> => (await call(twin, `/${USER}/${name}.flist`)).text
  return { twin, faults, stored }
}

const replace = (twin: Parameters<typeof upload>[0]) => upload(twin, USER, 'a.flist', NEW)

test('the record tells every call in order, by names that a fault can be given', async () => {
  const { twin, faults } = await faultyTwin()
  await publish(twin, USER, 'b.flist', 'x')
  await call(twin, '/api/flist/me/b/link/l', USER)
  await call(twin, `/api/flist/${USER}/l/light`)
  await call(twin, `/api/flist/${USER}/a/light`)
  expect(faults.log.map(({ server, call, nth }) => `${server} ${call} ${nth}`)).toEqual([
    'gateway AUTH 1',
    'gateway SET 1',
    'hub upload-flist 1',
    'hub link 1',
    'hub light 1',
    'hub light 2',
  ])
  expect(JSON.stringify(faults.log)).not.toContain(twin.mintToken(USER))
  const known = { hub: hubCalls.map(({ name }) => name), gateway: gatewayCommands, backend: [] }
  for (const step of faults.log) {
    expect(known[step.server]).toContain(step.call)
    expect(faultsAt(step).length).toBeGreaterThan(3)
  }
  expect(new Set(known.hub).size).toBe(known.hub.length)
})

test('a fault strikes the call it names, at the time it names, and only then', async () => {
  const { twin, faults } = await faultyTwin()
  faults.add({ server: 'hub', call: 'light', nth: 2, kind: 'error', body: 'json' })
  const light = async () => (await call(twin, `/api/flist/${USER}/a/light`)).status
  expect([await light(), (await call(twin, `/${USER}/a.flist`)).status]).toEqual([200, 200])
  expect([await light(), await light()]).toEqual([500, 200])
  faults.add({ server: 'hub', call: '*', kind: 'error', body: 'html' })
  expect([await light(), (await call(twin, `/${USER}/a.flist`)).status]).toEqual([500, 500])
  faults.reset()
  expect(await light()).toBe(200)
})

test.each<[string, FaultEffect, string, 'old' | 'new']>([
  ['a connection dropped at once', { kind: 'drop-request', after: 0 }, 'cut', 'old'],
  ['a connection dropped in the middle of the upload', { kind: 'drop-request', after: 100 }, 'cut', 'old'],
  ['a lost answer', { kind: 'drop-response', after: 0 }, 'cut', 'new'],
  ['half an answer', { kind: 'drop-response', after: 250 }, 'cut', 'new'],
  ['an HTML 500', { kind: 'error', body: 'html' }, '500', 'old'],
  ['a JSON 500 after the effect', { kind: 'error', body: 'json', effect: true }, '500', 'new'],
  ['success, and nothing stored', { kind: 'forget' }, '200', 'old'],
  ['a full disk', { kind: 'full' }, '500', 'old'],
  ['a backend that is down', { kind: 'backend-down' }, '500', 'old'],
  ['a slow disk', { kind: 'slow-disk', ms: 5 }, '200', 'new'],
  ['a slow replacement', { kind: 'slow-replace', ms: 5 }, '200', 'new'],
])('upload-flist with %s', async (_, effect, answered, left) => {
  const { twin, faults, stored } = await faultyTwin()
  faults.add({ ...effect, server: 'hub', call: 'upload-flist', nth: 1 })
  const status = await replace(twin).then(
    (answer) => String(answer.status),
    () => 'cut',
  )
  expect(status).toBe(answered)
  expect(await stored('a')).toBe(left === 'old' ? OLD : String(NEW))
  expect((await replace(twin)).status).toBe(200)
  expect(await stored('a')).toBe(String(NEW))
})

test.each([
  ['removed', ''],
  ['half-written', String(NEW).slice(0, Math.ceil(NEW.length / 2))],
] as const)('an upload that crashes when the old flist is %s leaves that', async (stage, left) => {
  const { twin, faults, stored } = await faultyTwin()
  faults.add({ server: 'hub', call: 'upload-flist', kind: 'half-applied', stage })
  await expect(replace(twin)).rejects.toThrow('fetch failed')
  expect(await stored('a')).toBe(left)
})

test('a link that crashes in the middle is gone', async () => {
  const { twin, faults } = await faultyTwin()
  faults.add({ server: 'hub', call: 'link', kind: 'half-applied', stage: 'removed' })
  await expect(call(twin, '/api/flist/me/a/link/l', USER)).rejects.toThrow('fetch failed')
  expect((await call(twin, `/${USER}/l.flist`)).status).toBe(404)
})

test('readers meet a slow replacement', async () => {
  const { twin, faults, stored } = await faultyTwin()
  faults.add({ server: 'hub', call: 'upload-flist', kind: 'slow-replace', ms: 100 })
  const uploading = replace(twin)
  const seen = new Set<string>()
  // A reader that began before breaks off: the length it was promised is gone.
  while (!seen.has(String(NEW))) seen.add(await stored('a').catch(() => 'broken off'))
  await uploading
  expect(seen).toContain('')
})

test('a wrong md5 is another one of the same length', async () => {
  const { twin, faults } = await faultyTwin()
  faults.add({ server: 'hub', call: 'light', kind: 'wrong-md5' }, { server: 'hub', call: 'md5', kind: 'wrong-md5' })
  const right = createHash('md5').update(OLD).digest('hex')
  const { md5 } = JSON.parse((await call(twin, `/api/flist/${USER}/a/light`)).text)
  expect(md5).toMatch(/^[0-9a-f]{32}$/)
  expect(md5).not.toBe(right)
  expect((await call(twin, `/${USER}/a.flist.md5`)).text).toBe(`${md5}\n`)
})

test('a hub whose clock is wrong tells other times, and nothing else', async () => {
  const { twin, faults } = await faultyTwin()
  const light = async () => call(twin, `/api/flist/${USER}/l/light`)
  const right = JSON.parse((await light()).text)
  faults.add({ server: 'hub', call: '*', kind: 'clock-skew', seconds: -3600 })
  const wrong = await light()
  const { updated, linktime } = right
  expect(JSON.parse(wrong.text)).toEqual({ ...right, updated: updated - 3600, linktime: linktime - 3600 })
  const { headers, text } = await call(twin, `/${USER}/a.flist`)
  expect(text).toBe(OLD)
  expect(Date.parse(headers.get('Last-Modified') ?? '')).toBe((updated - 3600) * 1000)
  expect(Date.parse(headers.get('Date') ?? '')).toBeLessThan(Date.now() - 3_500_000)
})

test('a download cut after any byte gives the bytes before it and then breaks', async () => {
  const { twin, faults } = await faultyTwin()
  await publish(twin, USER, 'big.flist', 'x'.repeat(1000))
  faults.add({ server: 'hub', call: 'download', kind: 'drop-response', after: 700 })
  const response = await fetch(`${twin.url}/${USER}/big.flist`)
  expect(response.status).toBe(200)
  expect(Number(response.headers.get('Content-Length'))).toBeGreaterThan(1000)
  await expect(response.text()).rejects.toThrow('terminated')
})

test.each<[string, FaultEffect, string | undefined, boolean]>([
  ['an error', { kind: 'error', body: 'json' }, '-Cannot perform query right now\r\n', false],
  [
    'an error after the effect',
    { kind: 'error', body: 'json', effect: true },
    '-Cannot perform query right now\r\n',
    true,
  ],
  ['a full backend', { kind: 'full' }, '-Cannot perform query right now\r\n', false],
  ['success, and nothing stored', { kind: 'forget' }, 'stored', false],
  ['a slow disk', { kind: 'slow-disk', ms: 5 }, 'stored', true],
  ['a connection dropped at once', { kind: 'drop-request', after: 0 }, undefined, false],
  ['a lost reply', { kind: 'drop-response', after: 0 }, undefined, true],
])('the second SET of the gateway with %s', async (_, effect, reply, kept) => {
  const faults = new Faults()
  const twin = await testTwin({ faults })
  faults.add({ ...effect, server: 'gateway', call: 'SET', nth: 2 })
  const [one, two] = ['one', 'two'].map((text) => [toyChunkId(Buffer.from(text)), Buffer.from(text)] as const)
  const set = ([id, value]: readonly [Buffer, Buffer]) => request('SET', id, value)
  const sent = Buffer.from(request('AUTH', twin.mintToken(USER)) + set(one!) + set(two!), 'latin1')
  const said = talk(twin.gateway, sent)
  const stored = ([id]: readonly [Buffer, Buffer]) => `$16\r\n${id.toString('latin1')}\r\n`
  if (reply === undefined) await expect(said).rejects.toThrow('ECONNRESET')
  else expect(await said).toBe(`+OK - ${USER}\r\n${stored(one!)}${reply === 'stored' ? stored(two!) : reply}`)
  const exists = await talk(
    twin.backend,
    Buffer.from([one!, two!].map(([id]) => request('EXISTS', id)).join(''), 'latin1'),
  )
  expect(exists).toBe(`:1\r\n:${kept ? 1 : 0}\r\n`)
})

test.each([0, 1, 17, 100])('the gateway drops the connection at byte %i of what it is sent', async (after) => {
  const faults = new Faults()
  const twin = await testTwin({ faults })
  faults.add({ server: 'gateway', call: 'connection', nth: 1, kind: 'drop-request', after })
  const sent = request('AUTH', twin.mintToken(USER)) + request('PING')
  await expect(talk(twin.gateway, sent)).rejects.toThrow('ECONNRESET')
  expect(await talk(twin.gateway, sent)).toBe(`+OK - ${USER}\r\n+PONG\r\n`)
})

test('the gateway drops the connection after the seventh byte it sends', async () => {
  const faults = new Faults()
  const twin = await testTwin({ faults })
  faults.add({ server: 'gateway', call: 'connection', kind: 'drop-response', after: 7 })
  await expect(talk(twin.gateway, request('PING').repeat(3))).rejects.toThrow('ECONNRESET')
})

test('a twin that is started again with the same faults goes on counting', async () => {
  const faults = new Faults()
  const first = await testTwin({ faults })
  await publish(first, USER, 'a.flist', 'x')
  await first.close()
  const second = await testTwin({ faults, root: first.root })
  await publish(second, USER, 'a.flist', 'x')
  expect(faults.log.filter(({ call }) => call === 'upload-flist').map(({ nth }) => nth)).toEqual([1, 2])
  expect(await readFile(join(first.root, 'users', USER, 'a.flist'))).toEqual(toyFlist({ file: 'x' }))
})
