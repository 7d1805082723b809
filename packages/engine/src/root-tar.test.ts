import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { type Answer, json, messages, raw, startFakeEngine } from '../test/fake-engine.ts'
import { connectEngine } from './connection.ts'
import { exportImage, importImage } from './root-tar.ts'

const imageId = `sha256:${'c'.repeat(64)}`

async function importWith(answer: Answer, tar: AsyncIterable<Uint8Array> = Readable.from([Buffer.from('tar')])) {
  await using fake = await startFakeEngine({ 'POST /images/create': answer })
  const engine = await connectEngine({ socketPath: fake.socketPath })
  const result = await importImage(engine, tar, 'host:5000/a', {
    changes: ['CMD ["bash"]', 'ENV A=b'],
    platform: 'linux/amd64',
  })
  return { result, request: fake.requests.at(-1) }
}

test('an import sends the tar and the changes', async () => {
  const { result, request } = await importWith(messages([{ status: imageId }]))
  expect(result).toEqual({ imageId })
  expect(request?.body.toString()).toBe('tar')
  expect(request?.query.getAll('changes')).toEqual(['CMD ["bash"]', 'ENV A=b'])
  expect(Object.fromEntries(request?.query ?? [])).toMatchObject({
    fromSrc: '-',
    repo: 'host:5000/a',
    tag: 'latest',
    platform: 'linux/amd64',
  })
})

test.each<[string, Answer]>([
  ['archive/tar: invalid tar header', messages([{ error: 'archive/tar: invalid tar header' }])],
  ['unknown change', json(400, { message: 'unknown change' })],
  ['the engine stopped answering before the import ended', messages([])],
])('a failed import: %s', async (message, answer) => {
  await expect(importWith(answer)).rejects.toMatchObject({
    code: 'import-failed',
    message: expect.stringContaining(`host:5000/a: ${message}`),
  })
})

test('a source that breaks is the cause', async () => {
  async function* broken() {
    yield Buffer.from('tar')
    throw new Error('disk gone')
  }
  await expect(importWith(messages([{ status: imageId }]), broken())).rejects.toMatchObject({
    code: 'import-failed',
    message: 'host:5000/a: disk gone; check the root tar',
    cause: expect.objectContaining({ message: 'disk gone' }),
  })
})

test('a source that is not there is not taken for an engine that is not there', async () => {
  async function* missing() {
    yield* createReadStream('/nonexistent/root.tar')
  }
  await expect(importWith(messages([]), missing())).rejects.toMatchObject({
    code: 'import-failed',
    message: "host:5000/a: ENOENT: no such file or directory, open '/nonexistent/root.tar'; check the root tar",
  })
})

test('an export is of a container that is removed, also when the reader has had enough', async () => {
  const routes = {
    'POST /containers/create': json(201, { Id: 'abc' }),
    'GET /containers/abc/export': raw('tar bytes'),
    'DELETE /containers/abc': (response) => response.writeHead(204).end(),
  } satisfies Record<string, Answer>
  await using fake = await startFakeEngine(routes)
  const engine = await connectEngine({ socketPath: fake.socketPath })
  for await (const chunk of exportImage(engine, 'a:1')) {
    expect(Buffer.from(chunk).toString()).toBe('tar bytes')
    break
  }
  expect(fake.requests.at(-1)).toMatchObject({ method: 'DELETE', path: '/containers/abc' })
})

test('an export of nothing', async () => {
  await using fake = await startFakeEngine()
  const engine = await connectEngine({ socketPath: fake.socketPath })
  await expect(exportImage(engine, 'nothing').next()).rejects.toMatchObject({ code: 'not-found' })
})
