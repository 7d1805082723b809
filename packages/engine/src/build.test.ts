import { once } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { extract } from 'tar-stream'
import { expect, test } from 'vitest'
import { type Answer, brokenAfter, json, messages, raw, startFakeEngine } from '../test/fake-engine.ts'
import { type BuildOptions, buildImage } from './build.ts'
import { connectEngine } from './connection.ts'

const imageId = `sha256:${'c'.repeat(64)}`
const context = [
  { path: 'Dockerfile', mode: 0o644, content: Buffer.from('# base\nFROM scratch\nCOPY a \\\n  /a\nRUN make\n') },
  { path: 'a', mode: 0o755, content: Buffer.from('content of a') },
]
const success = [
  { stream: 'Step 1/3 : FROM scratch' },
  { aux: { ID: `sha256:${'b'.repeat(64)}` } },
  { stream: 'Step 2/3 : COPY a   /a' },
  { stream: 'Step 3/3 : RUN make' },
  { aux: { ID: imageId } },
  { stream: 'Successfully built cccccccccccc\n' },
  { stream: 'Successfully tagged a/b:1\n' },
]

async function buildWith(answer: Answer, options: Partial<BuildOptions> = {}) {
  await using fake = await startFakeEngine({ 'POST /build': answer })
  const engine = await connectEngine({ socketPath: fake.socketPath })
  const lines: string[] = []
  const result = await buildImage(engine, { context, onProgress: (event) => lines.push(event.text), ...options })
  return { result, lines, request: fake.requests.at(-1) }
}

test('a build sends its context and its options, and returns the image id', async () => {
  const { result, lines, request } = await buildWith(messages(success), {
    tags: ['a/b:1', 'a/b:2'],
    buildArgs: { BASE: 'debian:12' },
    labels: { 'org.example': 'ü' },
    platform: 'linux/amd64',
    noCache: true,
  })
  expect(result).toEqual({ imageId })
  expect(lines).toEqual(['step 1/3: FROM scratch', 'step 2/3: COPY a   /a', 'step 3/3: RUN make'])
  expect(request?.query.getAll('t')).toEqual(['a/b:1', 'a/b:2'])
  expect(Object.fromEntries(request?.query ?? [])).toMatchObject({
    version: '1',
    dockerfile: 'Dockerfile',
    buildargs: '{"BASE":"debian:12"}',
    labels: '{"org.example":"ü"}',
    platform: 'linux/amd64',
    nocache: 'true',
    rm: 'true',
    forcerm: 'true',
  })
  const sent: string[] = []
  for await (const entry of Readable.from([request?.body]).pipe(extract()))
    sent.push(`${entry.header.name}: ${await text(entry)}`)
  expect(sent[1]).toBe('a: content of a')
})

test('the files may come from an async generator', async () => {
  async function* files() {
    yield* context
  }
  await expect(buildWith(messages(success), { context: files() })).resolves.toMatchObject({ result: { imageId } })
})

test('a Dockerfile in place of that of the context, and a list of files with a .dockerignore', async () => {
  const { request, lines } = await buildWith(messages(success), {
    dockerfileText: 'FROM scratch\nCOPY a /a\nRUN make\n',
  })
  expect(request?.query.get('dockerfile')).toBe('.built.Dockerfile')
  expect(lines).toHaveLength(3)
  const refused = [...context, { path: '.dockerignore', mode: 0o644, content: Buffer.from('a') }]
  await expect(buildWith(messages(success), { context: refused })).rejects.toMatchObject({
    code: 'invalid-context',
    message: 'build context: ".dockerignore" would not be applied; correct the files of the context',
  })
})

test('credentials of bases go as a header that Go can read', async () => {
  const { request } = await buildWith(messages(success), {
    credentials: { 'ghcr.io': { username: 'u', password: '??>>~~ÿ' }, 'docker.io': { username: 'h', password: 'p' } },
  })
  const header = String(request?.headers['x-registry-config'])
  expect(header).toMatch(/^[\w=-]+$/)
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
    'ghcr.io': { username: 'u', password: '??>>~~ÿ' },
    'https://index.docker.io/v1/': { username: 'h', password: 'p' },
  })
})

test('a failing step is an error with its line, exit code and last lines', async () => {
  const failing = messages([
    { stream: 'Step 1/3 : FROM scratch' },
    { stream: 'Step 2/3 : COPY a   /a' },
    { stream: 'Step 3/3 : RUN make' },
    { stream: ' ---> Running in f3eaaa66d063\n' },
    { stream: 'make: token is hunter22\n' },
    { stream: '\u001b[91mmake: *** no rule\n\u001b[0m' },
    { stream: 'Removing intermediate container f3eaaa66d063\n' },
    { errorDetail: { code: 2, message: "The command '/bin/sh -c make' returned a non-zero code: 2" }, error: '…' },
  ])
  await expect(
    buildWith(failing, { place: 'dockerfiles/x/Dockerfile', buildArgs: { A_TOKEN: 'hunter22' } }),
  ).rejects.toMatchObject({
    code: 'build-failed',
    message:
      'dockerfiles/x/Dockerfile:5: step 3/3 "RUN make" ended with exit code 2 after printing "make: *** no rule"; correct the step and build again',
    step: { number: 3, total: 3, instruction: 'RUN make' },
    line: 5,
    exitCode: 2,
    output: ['make: token is ***', 'make: *** no rule'],
  })
})

test.each([
  ['COPY a   /a', 'COPY failed: stat a: file does not exist', 'correct the step and build again'],
  ['FROM ghcr.io/o/n', 'unauthorized: authentication required', 'give a user and a token for this registry'],
])('a step that fails without having run: %s', async (instruction, message, remedy) => {
  const failing = messages([
    { stream: 'Step 1/3 : FROM scratch' },
    { stream: `Step 2/3 : ${instruction}` },
    { errorDetail: { message } },
  ])
  await expect(buildWith(failing)).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`step 2/3 "${instruction}" failed: ${message}; ${remedy}$`)),
    exitCode: undefined,
  })
})

test.each([
  ['before 23', 'dockerfile parse error line 3: unknown instruction: FOO'],
  ['since', 'dockerfile parse error on line 3: unknown instruction: FOO'],
])('a Dockerfile the engine (%s) can not parse', async (_name, message) => {
  await expect(buildWith(json(400, { message }))).rejects.toMatchObject({
    code: 'build-failed',
    message: 'Dockerfile:3: unknown instruction: FOO; correct the Dockerfile',
    line: 3,
  })
})

test.each<[string, Answer, string]>([
  [
    '500 with a message',
    json(500, { message: 'no space left - on device' }),
    'Dockerfile: no space left - on device; correct the Dockerfile',
  ],
  [
    'a stream that ends early',
    messages(success.slice(0, 2)),
    'Dockerfile: the engine stopped answering before the build ended',
  ],
  ['a connection that breaks', brokenAfter(success.slice(0, 1)), 'Dockerfile: the engine closed the connection'],
  [
    'half a message',
    raw('{"stream":"Step 1/3 : FROM scratch"}\n{"str'),
    "Dockerfile: the engine's answer is cut off or is not JSON",
  ],
  [
    'an error without a step',
    messages([{ error: 'unable to prepare context' }]),
    'Dockerfile: unable to prepare context',
  ],
])('%s', async (_name, answer, message) => {
  await expect(buildWith(answer)).rejects.toMatchObject({
    code: 'build-failed',
    message: expect.stringContaining(message),
  })
})

test('a context that breaks while it is sent names the file', async () => {
  const broken = [...context, { path: 'b', mode: 0o644, size: 5, content: () => Readable.from([Buffer.from('abc')]) }]
  await expect(buildWith(messages(success), { context: broken })).rejects.toMatchObject({
    code: 'invalid-context',
    message: 'build context file "b": Size mismatch; do not change it during a build',
  })
})

test('a bad tag is refused before anything is sent', async () => {
  await expect(buildWith(messages(success), { tags: ['a b'] })).rejects.toMatchObject({ code: 'invalid-reference' })
})

test('cancelling closes the connection, which is what stops the engine', async () => {
  const controller = new AbortController()
  const closed: Promise<unknown>[] = []
  const hanging: Answer = (response) => {
    closed.push(once(response, 'close'))
    response.writeHead(200).write(`${JSON.stringify(success[0])}\n`)
  }
  const failure = buildWith(hanging, { signal: controller.signal, onProgress: () => controller.abort() })
  await expect(failure).rejects.toMatchObject({
    code: 'cancelled',
    message: 'Dockerfile: cancelled by the caller; run it again',
  })
  await Promise.all(closed)
})

test('a build that was cancelled before it began sends nothing', async () => {
  await using fake = await startFakeEngine()
  const engine = await connectEngine({ socketPath: fake.socketPath })
  await expect(buildImage(engine, { context, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'cancelled',
  })
  expect(fake.requests.map(({ path }) => path)).toEqual(['/version'])
})
