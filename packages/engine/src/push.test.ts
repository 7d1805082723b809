import { expect, test } from 'vitest'
import { type Answer, brokenAfter, json, messages, startFakeEngine } from '../test/fake-engine.ts'
import { connectEngine } from './connection.ts'
import { pushImage, type TransferOptions } from './push.ts'

const digest = `sha256:${'d'.repeat(64)}`
const success = [
  { status: 'The push refers to repository [ghcr.io/o/n]' },
  { status: 'Preparing', progressDetail: {}, id: 'aaa' },
  { status: 'Pushed', progressDetail: {}, id: 'aaa' },
  { status: `1: digest: ${digest} size: 528` },
  { progressDetail: {}, aux: { Tag: '1', Digest: digest, Size: 528 } },
]

async function pushWith(answer: Answer, reference = 'ghcr.io/o/n:1', options: TransferOptions = {}) {
  await using fake = await startFakeEngine({ 'POST /images/ghcr.io/o/n/push': answer })
  const engine = await connectEngine({ socketPath: fake.socketPath })
  const lines: string[] = []
  const result = await pushImage(engine, reference, { onProgress: (event) => lines.push(event.text), ...options })
  return { result, lines, request: fake.requests.at(-1) }
}

test('a push returns the digest that the engine reports', async () => {
  const { result, lines } = await pushWith(messages(success))
  expect(result).toEqual({ digest })
  expect(lines).toEqual([
    'The push refers to repository [ghcr.io/o/n]',
    'aaa: Pushed',
    `1: digest: ${digest} size: 528`,
  ])
})

test.each([
  ['ghcr.io/o/n:1', '1'],
  ['ghcr.io/o/n', 'latest'],
])('%s pushes the tag %s alone', async (reference, tag) => {
  expect((await pushWith(messages(success), reference)).request?.query.get('tag')).toBe(tag)
})

test('without credentials there is still a header: a push without it is refused', async () => {
  const { request } = await pushWith(messages(success))
  expect(request?.headers['x-registry-auth']).toBe('e30=')
})

test('credentials go in the header, not in the address', async () => {
  const { request } = await pushWith(messages(success), 'ghcr.io/o/n:1', {
    credentials: { username: 'u', password: '?>~ÿ' },
  })
  const header = String(request?.headers['x-registry-auth'])
  expect(header).toMatch(/^[\w=-]+$/)
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
    username: 'u',
    password: '?>~ÿ',
    serveraddress: 'ghcr.io',
  })
  expect([...(request?.query.keys() ?? [])]).toEqual(['tag'])
})

test.each([
  ['unauthorized: authentication required', 'push-failed', 'give a user and a token for this registry'],
  [
    'denied: permission_denied: write_package',
    'push-failed',
    'check that the token may write and that the package admits this repository',
  ],
  ['Get "http://ghcr.io/v2/": connect: connection refused', 'push-failed', 'check that the registry can be reached'],
  ['blob upload unknown', 'push-failed', 'see the answer of the registry'],
  ['tag does not exist: ghcr.io/o/n:1', 'not-found', 'build or tag it first'],
  ['An image does not exist locally with the tag: ghcr.io/o/n', 'not-found', 'build or tag it first'],
])('a failure is a message in a stream that succeeded: %s', async (message, code, remedy) => {
  const failing = messages([...success.slice(0, 2), { errorDetail: { message }, error: message }])
  await expect(pushWith(failing)).rejects.toMatchObject({ code, message: `ghcr.io/o/n:1: ${message}; ${remedy}` })
})

test('a password that a registry repeats is not shown', async () => {
  const failing = messages([{ error: 'bad password hunter22' }])
  const failure = pushWith(failing, 'ghcr.io/o/n:1', { credentials: { username: 'u', password: 'hunter22' } })
  await expect(failure).rejects.toThrow('ghcr.io/o/n:1: bad password ***; see the answer of the registry')
})

test.each<[string, Answer, string, string]>([
  ['404', json(404, { message: 'no such image' }), 'not-found', 'ghcr.io/o/n:1: no such image; see the registry'],
  ['500', json(500, { message: 'boom' }), 'push-failed', 'ghcr.io/o/n:1: boom; see the registry'],
  [
    'no digest',
    messages(success.slice(0, 3)),
    'push-failed',
    'ghcr.io/o/n:1: the engine stopped answering before the push ended',
  ],
  ['a digest of another shape', messages([{ aux: { Digest: 'sha256:1' } }]), 'push-failed', 'before the push ended'],
  ['a connection that breaks', brokenAfter(success.slice(0, 3)), 'push-failed', 'the engine closed the connection'],
])('%s', async (_name, answer, code, message) => {
  await expect(pushWith(answer)).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
})

test('a digest can not be pushed', async () => {
  await expect(pushWith(messages(success), `ghcr.io/o/n@${digest}`)).rejects.toMatchObject({
    code: 'invalid-reference',
  })
})
