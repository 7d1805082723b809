import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { extract } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRegistry } from '../../../test/harness/registry.ts'
import { tinyRoot } from '../test/tiny-root.ts'
import {
  type BuildEvent,
  type BuildOptions,
  buildImage,
  connectEngine,
  type Engine,
  exportImage,
  importImage,
  inspectImage,
  parseDockerHost,
  pullImage,
  pushImage,
  removeImage,
  tagImage,
} from './index.ts'

const run = `engine-e2e-${randomBytes(4).toString('hex')}`
const base = `${run}/base:1`
let engine: Engine

beforeAll(async () => {
  engine = await connectEngine(parseDockerHost(process.env.DOCKER_HOST))
  await importImage(engine, await tinyRoot(), base, { changes: ['CMD ["/bin/sh"]', 'ENV FROM_IMPORT=yes'] })
})

afterAll(async () => {
  // What failed builds leave behind are untagged images whose label names this run.
  const label = JSON.stringify({ label: [`run=${run}`], dangling: ['true'] })
  await removeImage(engine, base)
  await engine.docker.pruneImages({ filters: label })
})

async function build(dockerfile: string, options: Partial<BuildOptions> = {}) {
  const events: BuildEvent[] = []
  const context = [
    { path: 'Dockerfile', mode: 0o644, content: Buffer.from(dockerfile) },
    { path: 'files/hello.txt', mode: 0o640, content: Buffer.from('hello\n') },
  ]
  const { imageId } = await buildImage(engine, { context, onProgress: (event) => events.push(event), ...options })
  return { imageId, texts: events.map(({ kind, text }) => `${kind}: ${text}`) }
}

async function filesOf(image: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for await (const entry of Readable.from(exportImage(engine, image)).pipe(extract())) {
    const { mode = 0, uid, mtime } = entry.header
    const content = await buffer(entry)
    files.set(
      entry.header.name,
      `${(mode & 0o7777).toString(8)} ${uid} ${mtime?.toISOString().slice(0, 10)} ${content.toString('latin1').slice(0, 40)}`,
    )
  }
  return files
}

async function containers(): Promise<number> {
  return (await engine.docker.listContainers({ all: true, filters: { ancestor: [base] } })).length
}

test('build, again from the cache, export, tag, remove', async () => {
  const dockerfile = `ARG BASE\nFROM \${BASE}\nLABEL run=${run}\nRUN echo one \\\n    && echo two >&2\nCOPY files/ /opt/\n`
  const options = { tags: [`${run}/built:1`, `${run}/built:2`], buildArgs: { BASE: base }, labels: { extra: 'ü' } }
  const first = await build(dockerfile, options)
  expect(first.texts.filter((text) => !text.startsWith('output'))).toEqual([
    'step: step 1/6: ARG BASE',
    `step: step 2/6: FROM $\{BASE}`,
    `step: step 3/6: LABEL run=${run}`,
    'step: step 4/6: RUN echo one     && echo two >&2',
    'step: step 5/6: COPY files/ /opt/',
    'step: step 6/6: LABEL extra=ü',
  ])
  expect(first.texts.filter((text) => text.startsWith('output')).sort()).toEqual(['output: one', 'output: two'])

  const second = await build(dockerfile, options)
  expect(second.imageId).toBe(first.imageId)
  expect(second.texts.filter((text) => text === 'cached: from the cache')).toHaveLength(4)

  const files = await filesOf(first.imageId)
  expect(files.get('opt/hello.txt')).toBe('640 0 1980-01-01 hello\n')
  expect(files.get('bin/sh')).toMatch(/^755 0 2023-11-14 \x7fELF/)

  const info = await inspectImage(engine, `${run}/built:2`)
  expect(info).toMatchObject({
    imageId: first.imageId,
    platform: expect.stringMatching(/^linux\//),
    labels: { run, extra: 'ü' },
  })
  expect(info?.tags.toSorted()).toEqual([`${run}/built:1`, `${run}/built:2`])
  await tagImage(engine, first.imageId, `${run}/built:3`)
  for (const tag of ['1', '2', '3']) expect(await removeImage(engine, `${run}/built:${tag}`)).toBe(true)
  expect(await inspectImage(engine, first.imageId)).toBeUndefined()
})

test('a failing step', async () => {
  const dockerfile = `FROM ${base}\nLABEL run=${run}\n\n# fails\nRUN echo secret is "$A_TOKEN"; \\\n    exit 7\n`
  const failure = build(dockerfile.replace('LABEL', 'ARG A_TOKEN\nLABEL'), { buildArgs: { A_TOKEN: 'hunter22' } })
  await expect(failure).rejects.toMatchObject({
    code: 'build-failed',
    message: expect.stringMatching(
      /^Dockerfile:6: step 4\/4 "RUN echo secret .*" ended with exit code 7 after printing "secret is \*\*\*"; correct the step and build again$/,
    ),
    exitCode: 7,
    output: ['secret is ***'],
  })
  expect(await containers()).toBe(0)
})

test.each([
  ['FROM scratch\nCOPY nothing /x\n', /^Dockerfile:2: step 2\/2 "COPY nothing \/x" failed: COPY failed: .*nothing/],
  ['FROM scratch\n\nFOO bar\n', /^Dockerfile:3: unknown instruction: FOO; correct the Dockerfile$/],
  [
    'FROM 127.0.0.1:1/no/registry\n',
    /^Dockerfile:1: step 1\/1 "FROM .*" failed: .*refused; check that the registry can be reached$/,
  ],
])('%j can not be built', async (dockerfile, message) => {
  await expect(build(dockerfile)).rejects.toMatchObject({
    code: 'build-failed',
    message: expect.stringMatching(message),
  })
})

test('cancelling stops the step that runs', async () => {
  const controller = new AbortController()
  const started = performance.now()
  const onProgress = ({ text }: BuildEvent) => text === 'started' && controller.abort()
  const failure = build(`FROM ${base}\nLABEL run=${run}\nRUN echo started; sleep 60\n`, {
    signal: controller.signal,
    onProgress,
  })
  await expect(failure).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(containers, { timeout: 10_000 }).toBe(0)
  expect(performance.now() - started).toBeLessThan(20_000)
})

test('push gives the digest of what the registry has; pull by that digest brings it back', async () => {
  await using registry = await startRegistry()
  const reference = `${registry.host}/${run}/pushed:1`
  const { imageId } = await build(`FROM ${base}\nLABEL run=${run}\nCOPY files/ /opt/\n`, { tags: [reference] })
  const lines: string[] = []
  const { digest } = await pushImage(engine, reference, { onProgress: ({ text }) => lines.push(text) })
  expect(lines).toContainEqual(expect.stringMatching(/^[0-9a-f]{12}: Pushed$/))
  expect(lines.length).toBeLessThan(30)

  const accept = 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json'
  const manifest = await fetch(`http://${registry.host}/v2/${run}/pushed/manifests/1`, { headers: { accept } })
  expect(
    `sha256:${createHash('sha256')
      .update(Buffer.from(await manifest.arrayBuffer()))
      .digest('hex')}`,
  ).toBe(digest)

  await removeImage(engine, reference)
  const pinned = `${registry.host}/${run}/pushed@${digest}`
  expect(await pullImage(engine, pinned)).toEqual({ imageId, digest })
  await removeImage(engine, imageId, { force: true })

  await expect(pushImage(engine, reference)).rejects.toMatchObject({ code: 'not-found' })
  await expect(pullImage(engine, `${registry.host}/${run}/pushed:2`)).rejects.toMatchObject({ code: 'not-found' })
})

test('a registry that is not there', async () => {
  const reference = `127.0.0.1:1/${run}/x:1`
  await tagImage(engine, base, reference)
  await expect(pushImage(engine, reference)).rejects.toMatchObject({
    code: 'push-failed',
    message: expect.stringMatching(/connection refused; check that the registry can be reached$/),
  })
  await removeImage(engine, reference)
})

test('what is imported is what is exported, and the changes are in its config', async () => {
  const files = await filesOf(base)
  expect([...files.keys()]).toEqual(expect.arrayContaining(['bin/sh', 'bin/sleep', 'tmp/']))
  const container = await engine.docker.createContainer({
    Image: base,
    Cmd: ['/bin/sh', '-c', 'test "$FROM_IMPORT" = yes'],
  })
  await container.start()
  expect(await container.wait()).toMatchObject({ StatusCode: 0 })
  await container.remove()
})

test('something that is no tar is not imported', async () => {
  const failure = importImage(engine, Readable.from([Buffer.alloc(2048, 'x')]), `${run}/broken:1`)
  await expect(failure).rejects.toMatchObject({ code: 'import-failed' })
})
