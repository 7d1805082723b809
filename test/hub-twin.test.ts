import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { HubClient, type HubClientOptions } from '../packages/hub/src/index.ts'
import { mintToken, type Twin } from '../packages/twin/src/index.ts'
import { storeToyChunks, temporaryFolder, testTwin } from '../packages/twin/src/test-twin.ts'
import { inspectToyFlist, toyFlist } from '../packages/twin/src/toy-flist.ts'

const USER = 'alice.3bot'
const OTHER_SEED = Buffer.alloc(32, 1)

function client(twin: Twin, options: Partial<HubClientOptions> = {}): HubClient {
  const hub = new HubClient({ url: twin.url, token: twin.mintToken(USER), attempts: 2, firstPause: 1, ...options })
  onTestFinished(() => hub.close())
  return hub
}

/** A toy flist on disk; its chunks are stored on the twin unless told otherwise. */
async function flistOf(twin: Twin, text: string, stored = true): Promise<{ path: string; bytes: Buffer }> {
  const path = join(await temporaryFolder(), 'out.flist')
  const bytes = toyFlist({ etc: null, 'etc/motd': text })
  await writeFile(path, bytes)
  if (stored) await storeToyChunks(twin, USER, [text])
  return { path, bytes }
}

async function download(hub: HubClient, user: string, name: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const bytes of hub.download(user, name)) pieces.push(bytes)
  return Buffer.concat(pieces)
}

test('publish: upload under an immutable name, read back, move the link, delete the old one', async () => {
  const twin = await testTwin()
  const hub = client(twin, { url: `${twin.url}/` })
  expect(await hub.account()).toBe(USER)
  expect(await hub.light(USER, 'nginx.flist')).toBeUndefined()

  const first = await flistOf(twin, 'first')
  const second = await flistOf(twin, 'second')
  await hub.uploadFlist(first.path, 'nginx-1.flist')
  await hub.link('nginx-1.flist', 'nginx.flist')
  await hub.uploadFlist(second.path, 'nginx-2.flist')
  expect(await download(hub, USER, 'nginx')).toEqual(first.bytes)
  await hub.link('nginx-2.flist', 'nginx.flist')
  expect(await download(hub, USER, 'nginx')).toEqual(second.bytes)

  const md5 = createHash('md5').update(second.bytes).digest('hex')
  expect(await hub.md5(USER, 'nginx.flist')).toBe(md5)
  expect(await hub.light(USER, 'nginx')).toEqual({
    name: 'nginx.flist',
    size: second.bytes.length,
    updated: expect.any(Number),
    md5,
    type: 'symlink',
    target: 'nginx-2.flist',
  })
  await hub.delete('nginx-1.flist')
  expect(await hub.list(USER)).toMatchObject([
    { name: 'nginx-2.flist', type: 'regular', size: '0.03 KB' },
    { name: 'nginx.flist', type: 'symlink', target: 'nginx-2.flist' },
  ])
})

test('uploading the same again, and replacing a flist by another, both work', async () => {
  const twin = await testTwin()
  const hub = client(twin)
  const first = await flistOf(twin, 'first')
  const second = await flistOf(twin, 'second')
  await hub.uploadFlist(first.path, 'a.flist')
  await hub.uploadFlist(first.path, 'a.flist')
  await hub.uploadFlist(second.path, 'a.flist')
  expect(await download(hub, USER, 'a')).toEqual(second.bytes)
})

test('twenty uploads at the same time, of two users, do not meet', async () => {
  const twin = await testTwin()
  const users = [USER, 'bob.3bot'].map((user) => ({ user, hub: client(twin, { token: twin.mintToken(user) }) }))
  const jobs = users.flatMap(({ user, hub }) =>
    Array.from({ length: 10 }, async (_, at) => {
      const { path, bytes } = await flistOf(twin, `${user} ${at}`)
      await hub.uploadFlist(path, `f${at}.flist`)
      expect(await download(hub, user, `f${at}`)).toEqual(bytes)
    }),
  )
  await Promise.all(jobs)
})

test('a flist whose chunks are not stored is refused, and the old one stays', async () => {
  const twin = await testTwin()
  const hub = client(twin)
  const old = await flistOf(twin, 'old')
  await hub.uploadFlist(old.path, 'a.flist')
  const { path } = await flistOf(twin, 'new', false)
  await expect(hub.uploadFlist(path, 'a.flist')).rejects.toMatchObject({
    code: 'chunks-missing',
    status: 500,
    message: `${twin.url}, upload of "a.flist": refused (500: unauthorized upload, contents is not fully present on backend); store the flist's chunks through the hub's gateway first`,
  })
  expect(await download(hub, USER, 'a')).toEqual(old.bytes)
})

test('what is no flist is a failure of the hub', async () => {
  const twin = await testTwin()
  const path = join(await temporaryFolder(), 'x')
  await writeFile(path, 'garbage')
  await expect(client(twin).uploadFlist(path, 'a.flist')).rejects.toMatchObject({
    code: 'server',
    message: expect.stringContaining('(500: 500 Internal Server Error)'),
  })
})

test('an upload onto a link is refused, and what it leads to stays', async () => {
  const twin = await testTwin()
  const hub = client(twin)
  const { path, bytes } = await flistOf(twin, 'one')
  await hub.uploadFlist(path, 'one.flist')
  await hub.link('one.flist', 'a.flist')
  const other = await flistOf(twin, 'two')
  await expect(hub.uploadFlist(other.path, 'a.flist')).rejects.toMatchObject({
    code: 'is-a-link',
    message: `${twin.url}, upload of "a.flist": "a.flist" is a link to "one.flist", which the hub would write through or replace; delete the link or use another name`,
  })
  expect(await download(hub, USER, 'one')).toEqual(bytes)
})

test('a link never replaces a flist and never leads nowhere', async () => {
  const twin = await testTwin()
  const hub = client(twin)
  const { path } = await flistOf(twin, 'x')
  await hub.uploadFlist(path, 'a.flist')
  await hub.uploadFlist(path, 'b.flist')
  await expect(hub.link('a.flist', 'b.flist')).rejects.toMatchObject({ code: 'is-a-file', status: 401 })
  await expect(hub.link('none.flist', 'c.flist')).rejects.toMatchObject({ code: 'not-found' })
  await hub.link('a.flist', 'link.flist')
  await hub.delete('a.flist')
  await expect(hub.link('link.flist', 'c.flist')).rejects.toMatchObject({ code: 'not-found' })
  expect(await hub.light(USER, 'c.flist')).toBeUndefined()
  expect(await hub.md5(USER, 'link.flist')).toBeUndefined()
})

test('what is not there', async () => {
  const twin = await testTwin()
  const hub = client(twin)
  await expect(hub.list('nobody')).rejects.toMatchObject({ code: 'not-found' })
  await expect(hub.delete('a.flist')).rejects.toMatchObject({ code: 'not-found', status: 404 })
  await expect(download(hub, 'nobody', 'a')).rejects.toMatchObject({ code: 'not-found' })
  expect(await hub.light('me', 'a')).toBeUndefined()
})

test('names that the hub would change are refused before anything is sent', async () => {
  const twin = await testTwin()
  const hub = client(twin)
  await twin.close()
  for (const name of ['a', 'sp ace.flist', '../a.flist', 'ü.flist', `${'n'.repeat(240)}.flist`]) {
    await expect(hub.uploadFlist('/none', name)).rejects.toMatchObject({ code: 'name-refused' })
    await expect(hub.link('a.flist', name)).rejects.toMatchObject({ code: 'name-refused' })
    await expect(hub.delete(name)).rejects.toMatchObject({ code: 'name-refused' })
  }
})

test('a token of another hub, a JWT and a readonly hub are refused before the first write', async () => {
  const twin = await testTwin()
  const { path } = await flistOf(twin, 'x')
  for (const token of [mintToken(OTHER_SEED, USER), 'a.b.c', 'nonsense']) {
    const hub = client(twin, { token })
    await expect(hub.uploadFlist(path, 'a.flist')).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(hub.link('a.flist', 'b.flist')).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(hub.delete('a.flist')).rejects.toMatchObject({ code: 'unauthorized' })
  }
  const readonly = await testTwin({ readonly: true })
  await expect(client(readonly).uploadFlist(path, 'a.flist')).rejects.toMatchObject({ code: 'rejected', status: 400 })
})

test('an active user that the hub ignores is an error, one that it honours is written to', async () => {
  const twin = await testTwin({ activeUsers: { shared: USER } })
  const { path, bytes } = await flistOf(twin, 'x')
  const ignored = client(twin, { user: 'someone-else' })
  await expect(ignored.uploadFlist(path, 'a.flist')).rejects.toMatchObject({
    code: 'wrong-account',
    message: `${twin.url}, account: the token writes to "${USER}", not to "someone-else"; use a token that may, or leave out the user`,
  })
  expect(await readdir(join(twin.root, 'users'))).toEqual([])
  const honoured = client(twin, { user: 'shared' })
  await honoured.uploadFlist(path, 'a.flist')
  expect(await download(honoured, 'shared', 'a')).toEqual(bytes)
})

test('a hub that goes down in the middle of an upload: a clear error, the old flist, and a rerun that works', async () => {
  const arrived = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const twin = await testTwin()
  const old = await flistOf(twin, 'old')
  await client(twin).uploadFlist(old.path, 'a.flist')
  const fresh = await flistOf(twin, 'fresh')
  await twin.close()

  const checking = await testTwin({
    root: twin.root,
    inspectFlist: async (path) => {
      arrived.resolve()
      await goOn.promise
      return inspectToyFlist(path)
    },
  })
  const failed = expect(client(checking).uploadFlist(fresh.path, 'a.flist')).rejects.toMatchObject({
    code: 'network',
    message: expect.stringMatching(
      /^http:\S+, upload of "a\.flist": no answer \(.+\); check the URL and that the hub is up, then run again$/,
    ),
  })
  await arrived.promise
  const stopped = checking.close()
  goOn.resolve()
  await stopped
  await failed

  const again = await testTwin({ root: twin.root })
  expect(await download(client(again), USER, 'a')).toEqual(old.bytes)
  await client(again).uploadFlist(fresh.path, 'a.flist')
  expect(await download(client(again), USER, 'a')).toEqual(fresh.bytes)
})

/** Stands between client and hub, and swallows all but the first part of a large request. */
async function stallingProxy(twin: Twin): Promise<{ url: string; stalled: Promise<void> }> {
  const stalled = Promise.withResolvers<void>()
  const proxy = createServer((client) => {
    const hub = connect(Number(new URL(twin.url).port), '127.0.0.1')
    let passed = 0
    client.on('data', (bytes: Buffer) => {
      passed += bytes.length
      if (passed < 1_000_000) return void hub.write(bytes)
      stalled.resolve()
    })
    hub.pipe(client)
    hub.on('error', () => {}).on('close', () => client.destroy())
    client.on('error', () => {}).on('close', () => hub.destroy())
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void proxy.close())
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, stalled: stalled.promise }
}

async function largeFile(): Promise<string> {
  const path = join(await temporaryFolder(), 'large.flist')
  await writeFile(path, Buffer.alloc(20_000_000))
  return path
}

test('a hub that goes down while the bytes are sent', async () => {
  const twin = await testTwin()
  const { url, stalled } = await stallingProxy(twin)
  const uploading = client(twin, { url }).uploadFlist(await largeFile(), 'a.flist')
  const failed = expect(uploading).rejects.toMatchObject({ code: 'network' })
  await stalled
  await twin.close()
  await failed
  expect(await readdir(join(twin.root, 'incoming'))).toEqual([])
})

test('an upload that is aborted stores nothing', async () => {
  const twin = await testTwin()
  const { url, stalled } = await stallingProxy(twin)
  const abort = new AbortController()
  const reason = new Error('Ctrl-C')
  const uploading = client(twin, { url }).uploadFlist(await largeFile(), 'a.flist', { signal: abort.signal })
  const failed = expect(uploading).rejects.toBe(reason)
  await stalled
  abort.abort(reason)
  await failed
  await vi.waitFor(async () => expect(await readdir(join(twin.root, 'incoming'))).toEqual([]))
  expect(await readdir(join(twin.root, 'users'))).toEqual([])
})

test('a hub that is not there is told with its URL and what to check', async () => {
  const twin = await testTwin()
  await twin.close()
  await expect(client(twin).account()).rejects.toMatchObject({
    code: 'network',
    message: expect.stringMatching(
      /^http:\S+, account: no answer \(.*ECONNREFUSED.*\); check the URL and that the hub is up/,
    ),
  })
})

test('a local file that is not there, or is a folder', async () => {
  const twin = await testTwin()
  const folder = await temporaryFolder()
  for (const path of [join(folder, 'none.flist'), folder]) {
    await expect(client(twin).uploadFlist(path, 'a.flist')).rejects.toMatchObject({
      code: 'local-file',
      message: expect.stringContaining(`"${path}": can not be read (`),
    })
  }
})

test('a link that is renamed onto a link takes its place in one step, and never that of a flist', async () => {
  const twin = await testTwin()
  const hub = client(twin)
  for (const name of ['first', 'second']) await hub.uploadFlist((await flistOf(twin, name)).path, `${name}.flist`)
  await hub.link('first.flist', 'followed.flist')
  await hub.link('second.flist', 'made.flist')
  await expect(hub.rename('made.flist', 'followed.flist')).rejects.toMatchObject({ code: 'is-a-link' })
  await expect(hub.rename('made.flist', 'first.flist', { onLink: 'replace' })).rejects.toMatchObject({
    code: 'is-a-file',
  })
  await hub.rename('made.flist', 'followed.flist', { onLink: 'replace' })
  expect(await hub.light(USER, 'followed.flist')).toMatchObject({ type: 'symlink', target: 'second.flist' })
  expect(await hub.light(USER, 'made.flist')).toBeUndefined()
})
