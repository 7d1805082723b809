import { expect, test } from 'vitest'
import { type Answer, json, messages, startFakeEngine } from '../test/fake-engine.ts'
import { connectEngine } from './connection.ts'
import { pullImage } from './pull.ts'

const digest = `sha256:${'d'.repeat(64)}`
const imageId = `sha256:${'c'.repeat(64)}`
const inspected = { Id: imageId, Config: { Labels: null }, Os: 'linux', Architecture: 'amd64', Size: 1 }
const success = [
  { status: 'Pulling from o/n', id: '1' },
  { status: `Digest: ${digest}` },
  { status: 'Status: Image is up to date' },
]

async function pullWith(answer: Answer, reference = 'ghcr.io/o/n:1', present: Answer = json(200, inspected)) {
  await using fake = await startFakeEngine({
    'POST /images/create': answer,
    [`GET /images/${reference}/json`]: present,
  })
  const engine = await connectEngine({ socketPath: fake.socketPath })
  const result = await pullImage(engine, reference, {
    platform: 'linux/amd64',
    credentials: { username: 'u', password: 'p' },
  })
  return { result, request: fake.requests.find(({ path }) => path === '/images/create') }
}

test.each([
  ['ghcr.io/o/n:1', 'ghcr.io/o/n', '1'],
  ['ghcr.io/o/n', 'ghcr.io/o/n', 'latest'],
  [`ghcr.io/o/n@${digest}`, 'ghcr.io/o/n', digest],
])('%s', async (reference, fromImage, tag) => {
  const { result, request } = await pullWith(messages(success), reference)
  expect(result).toEqual({ imageId, digest })
  expect(Object.fromEntries(request?.query ?? [])).toEqual({ fromImage, tag, platform: 'linux/amd64' })
  expect(request?.headers['x-registry-auth']).toBeDefined()
})

test.each<[string, Answer, string]>([
  ['a tag that is not there', json(404, { message: 'manifest unknown' }), 'not-found'],
  ['a tag that is not there, said late', messages([{ error: 'manifest for o/n:1 not found' }]), 'not-found'],
  ['a registry that fails', json(500, { message: 'connection refused' }), 'pull-failed'],
  ['a registry that fails late', messages([{ error: 'unexpected EOF' }]), 'pull-failed'],
])('%s', async (_name, answer, code) => {
  await expect(pullWith(answer)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^ghcr\.io\/o\/n:1: .+; .+$/),
  })
})

test('a pull that leaves no image failed', async () => {
  await expect(pullWith(messages([]), 'ghcr.io/o/n:1', json(404, { message: 'no such image' }))).rejects.toMatchObject({
    code: 'pull-failed',
    message: expect.stringContaining('before the pull ended'),
  })
})
