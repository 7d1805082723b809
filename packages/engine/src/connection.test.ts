import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { json, raw, startFakeEngine } from '../test/fake-engine.ts'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { connectEngine } from './connection.ts'
import { connectionFailure } from './failures.ts'

afterEach(() => vi.unstubAllEnvs())

test('an engine that answers has a version', async () => {
  await using fake = await startFakeEngine()
  const engine = await connectEngine({ socketPath: fake.socketPath })
  expect(engine).toMatchObject({ version: '20.10.24', apiVersion: '1.41', address: { socketPath: fake.socketPath } })
})

test('the environment is not looked at', async () => {
  await using fake = await startFakeEngine()
  vi.stubEnv('DOCKER_HOST', 'tcp://127.0.0.1:1')
  vi.stubEnv('DOCKER_TLS_VERIFY', '1')
  vi.stubEnv('DOCKER_PATH_PREFIX', '/elsewhere')
  await expect(connectEngine({ socketPath: fake.socketPath })).resolves.toMatchObject({ version: '20.10.24' })
})

test('no socket', async () => {
  await using folder = await temporaryFolder()
  const socketPath = join(folder.path, 'docker.sock')
  await expect(connectEngine({ socketPath })).rejects.toMatchObject({
    code: 'unreachable',
    message: `Docker Engine at unix://${socketPath}: there is no such socket; install and start Docker, or set DOCKER_HOST to where it listens`,
  })
})

test('a socket that nothing listens on', async () => {
  await using folder = await temporaryFolder()
  const socketPath = join(folder.path, 'docker.sock')
  await writeFile(socketPath, '')
  await expect(connectEngine({ socketPath })).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('nothing listens on it; start the engine'),
  })
})

test('a port that refuses', async () => {
  await expect(connectEngine({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({
    code: 'unreachable',
    message:
      'Docker Engine at tcp://127.0.0.1:1: the connection was refused; start the engine there, or correct DOCKER_HOST',
  })
})

test.each(['EACCES', 'EPERM'])('a socket that may not be opened (%s)', (code) => {
  const error = Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' })
  expect(connectionFailure(error, { socketPath: '/run/docker.sock' })).toMatchObject({
    code: 'permission',
    message:
      'Docker Engine at unix:///run/docker.sock: this user may not open the socket; add the user to the group that owns it (usually "docker") and log in again',
  })
})

test.each([
  ['another server', raw('<html>hello</html>')],
  ['an answer of another shape', json(200, { Version: 1 })],
  ['an error', json(500, { message: 'boom' })],
])('%s is no engine', async (_name, answer) => {
  await using fake = await startFakeEngine({ 'GET /version': answer })
  await expect(connectEngine({ socketPath: fake.socketPath })).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(
      /: (the answer is not the one of a Docker Engine|boom); check that it is a Docker Engine$/,
    ),
  })
})

test('an engine that never answers', async () => {
  await using folder = await temporaryFolder()
  const server = createServer((socket) => socket.resume())
  const socketPath = join(folder.path, 'docker.sock')
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const failure = connectEngine({ socketPath, timeout: 50 })
  await expect(failure).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('no answer; restart the engine'),
  })
  const cancelled = connectEngine({ socketPath, signal: AbortSignal.timeout(50) })
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
  await new Promise((resolve) => server.close(resolve))
})
