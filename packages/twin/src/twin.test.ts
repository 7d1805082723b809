import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { call, closed, publish, request, talk, temporaryFolder, testTwin, upload } from './test-twin.ts'
import { mintToken } from './tokens.ts'
import { inspectToyFlist, SEED, toyChunkId, toyFlist } from './toy-flist.ts'
import { startTwin } from './twin.ts'

const USER = 'alice.3bot'

test('a twin that is stopped and started has what it had', async () => {
  const first = await testTwin()
  await publish(first, USER, 'a.flist', 'kept')
  await call(first, '/api/flist/me/a/link/b', USER)
  await first.close()
  await expect(call(first, '/api/flist/me')).rejects.toThrow()

  const second = await testTwin({ root: first.root })
  expect((await call(second, `/${USER}/b.flist`)).text).toBe(String(toyFlist({ file: 'kept' })))
  expect(await talk(second.backend, Buffer.from(request('GET', toyChunkId(Buffer.from('kept'))), 'latin1'))).toBe(
    '$4\r\nkept\r\n',
  )
})

/** A twin in a process of its own, which never stops by itself; gives the URL it listens on. */
async function startProcess(root: string) {
  const script = `
    import { inspectToyFlist, SEED, toyChunkId } from ${JSON.stringify(join(import.meta.dirname, 'toy-flist.ts'))}
    import { startTwin } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))}
    const twin = await startTwin({ root: ${JSON.stringify(root)}, seed: SEED, inspectFlist: inspectToyFlist, chunkId: toyChunkId })
    console.log(JSON.stringify({ url: twin.url, gateway: twin.gateway }))
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface(child.stdout), 'line')
  return { child, ...JSON.parse(line) }
}

test('a twin that is killed while it is written to keeps every answer it gave, and nothing else', async () => {
  const root = await temporaryFolder()
  const { child, ...running } = await startProcess(root)
  const twin = { ...running, mintToken: (user: string) => mintToken(SEED, user) }
  const value = Buffer.alloc(500_000, 'v')
  const chunks = Array.from({ length: 40 }, (_, at) => Buffer.concat([value, Buffer.from(String(at))]))
  const socket = connect(twin.gateway)
  const cut = closed(socket)
  socket.write(Buffer.from(request('AUTH', twin.mintToken(USER)), 'latin1'))
  let confirmed = 0
  socket.on('data', (bytes: Buffer) => {
    confirmed += bytes.toString('latin1').split('$16\r\n').length - 1
    if (confirmed > 5) child.kill('SIGKILL')
  })
  for (const chunk of chunks) socket.write(Buffer.from(request('SET', toyChunkId(chunk), chunk), 'latin1'))
  await cut

  const after = await testTwin({ root })
  expect(await readdir(join(root, 'incoming'))).toEqual([])
  const gets = chunks.map((chunk) => request('GET', toyChunkId(chunk))).join('')
  const replies = await talk(after.backend, Buffer.from(gets, 'latin1'))
  const whole = replies.split('\r\n').filter((part) => part.length > 100)
  expect(confirmed).toBeGreaterThan(5)
  expect(whole.length).toBeGreaterThanOrEqual(confirmed)
  for (const part of whole) expect(chunks.map((chunk) => chunk.toString('latin1'))).toContain(part)
})

test('half-written files of a killed twin go at the next start', async () => {
  const first = await testTwin()
  await first.close()
  await writeFile(join(first.root, 'incoming', 'half'), 'half a chunk')
  await testTwin({ root: first.root })
  expect(await readdir(join(first.root, 'incoming'))).toEqual([])
})

test('flists, links and chunks are plain files, links and folders', async () => {
  const twin = await testTwin()
  await publish(twin, USER, 'a.flist', 'text')
  await call(twin, '/api/flist/me/a/link/b', USER)
  const id = toyChunkId(Buffer.from('text')).toString('hex')
  expect(await readFile(join(twin.root, 'chunks', id.slice(0, 2), id.slice(2)), 'utf8')).toBe('text')
  expect(await readlink(join(twin.root, 'users', USER, 'b.flist'))).toBe('a.flist')
  expect(await readFile(join(twin.root, 'users', USER, 'b.flist'))).toEqual(toyFlist({ file: 'text' }))
})

test('closing cuts open connections and does not wait for them', async () => {
  const twin = await testTwin()
  const sockets = [twin.gateway, twin.backend, { host: '127.0.0.1', port: Number(new URL(twin.url).port) }].map(
    (address) => connect(address),
  )
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  sockets[2]?.write('POST /api/flist/me HTTP/1.1\r\nContent-Length: 100\r\n\r\n')
  const ends = sockets.map(closed)
  await twin.close()
  await Promise.all(ends)
  await twin.close()
})

test('an upload that is being checked when the twin closes is not stored', async () => {
  const root = await temporaryFolder()
  const checking = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const twin = await testTwin({
    root,
    inspectFlist: async (path) => {
      checking.resolve()
      await goOn.promise
      return inspectToyFlist(path)
    },
  })
  const answer = expect(upload(twin, USER, 'a.flist', toyFlist({ etc: null }))).rejects.toThrow('fetch failed')
  await checking.promise
  const stopped = twin.close()
  goOn.resolve()
  await stopped
  await answer
  expect(await readdir(join(root, 'users'))).toEqual([])
  expect(await readdir(join(root, 'incoming'))).toEqual([])
})

test('a port that is taken is an error with a remedy, and nothing stays open', async () => {
  const first = await testTwin()
  const root = await temporaryFolder()
  const options = { root, seed: SEED, inspectFlist: inspectToyFlist, chunkId: toyChunkId }
  await expect(startTwin({ ...options, backendPort: first.backend.port })).rejects.toThrow(
    expect.objectContaining({
      name: 'TwinError',
      code: 'listen',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+: can not listen \(.*EADDRINUSE.*\); stop what holds the port$/),
    }),
  )
})

test('a link that leads out of the repositories is not written through', async () => {
  const twin = await testTwin()
  await publish(twin, USER, 'a.flist', 'x')
  await writeFile(join(twin.root, 'outside'), 'untouched')
  await symlink('../../outside', join(twin.root, 'users', USER, 'out.flist'))
  expect((await upload(twin, USER, 'out.flist', toyFlist({}))).status).toBe(500)
})

test('when chunks can not be written the client gets an error and the connection goes on', async () => {
  const faults: string[] = []
  const twin = await testTwin({ backendPassword: 'secret', onFault: (what) => faults.push(what) })
  await rm(join(twin.root, 'incoming'), { recursive: true })
  const value = Buffer.from('v')
  const sets = request('AUTH', twin.mintToken(USER)) + request('SET', toyChunkId(value), value) + request('PING')
  expect(await talk(twin.gateway, Buffer.from(sets, 'latin1'))).toBe(
    `+OK - ${USER}\r\n-Cannot perform query right now\r\n+PONG\r\n`,
  )
  const set = request('SELECT', 'default', 'secret') + request('SET', 'k', 'v')
  expect(await talk(twin.backend, set)).toBe('+OK\r\n-Cannot write data right now\r\n')
  expect(faults).toEqual(['SET', 'SET'])
})
