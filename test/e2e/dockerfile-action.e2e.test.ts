import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyActions, runAction } from '../harness/action-run.ts'
import { flist } from '../harness/command.ts'
import { startRegistry, type TestRegistry } from '../harness/registry.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { createWorld, type World } from '../harness/world.ts'

/** The root action with a Dockerfile as people write them: several stages, images of several registries, links and a .dockerignore. */
let world: World
let other: TestRegistry
let workspace: string
let action: string
let [first, second] = ['', '']

beforeAll(async () => {
  world = await createWorld()
  other = await startRegistry()
  workspace = join(world.folder, 'workspace')
  action = join(world.folder, 'action')
  await mkdir(workspace)
  await copyActions(action)
  first = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder, ['/bin/cp', '/bin/ls'])
  await mkdir(join(world.folder, 'other'))
  second = await pushTinyBase(other.host, join(world.folder, 'other'), ['/usr/bin/true'])
  await write({
    'app/.dockerignore': '# not for anybody\nsecret\n**/*.log\n!keep/me.log\nDockerfile\n',
    'app/secret/key': 'hunter22',
    'app/a.log': 'a',
    'app/keep/me.log': 'kept',
    'app/keep/not.log': 'not',
    'app/src/text': 'text',
    'app/Dockerfile': dockerfile(),
  })
  await symlink('src/text', join(workspace, 'app', 'link'))
  await symlink('/nowhere', join(workspace, 'app', 'src', 'dangling'))
})
afterAll(async () => {
  await other[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, path)), { recursive: true })
    await writeFile(join(workspace, path), text)
  }
}

const dockerfile = () => `ARG TAG=1
ARG BASE=${first.replace(/:1$/, '')}
FROM --platform=$BUILDPLATFORM \\
  # a comment
  \${BASE}:$TAG AS Build
ARG TARGETARCH
WORKDIR /src
COPY . .
RUN echo "$TARGETARCH $BASE" > /arch
FROM build AS more
RUN cp /arch /more
FROM ${second} AS system
FROM scratch
COPY --from=system / /
COPY --from=0 /src /src
COPY --from=MORE /more /etc/
COPY --from=${first} \\
  /bin/ls /bin/
CMD ["/bin/sh"]
`

function run(inputs: Readonly<Record<string, string>> = {}) {
  const { FLIST_HUB_URL = '', FLIST_HUB_GATEWAY = '', FLIST_HUB_BACKEND = '' } = world.env
  const hub = { 'hub-url': FLIST_HUB_URL, 'hub-gateway': FLIST_HUB_GATEWAY, 'hub-backend': FLIST_HUB_BACKEND }
  const common = { image: 'app', registry: world.registry, 'hub-token': world.token, ...hub }
  return runAction(action, { ...common, dockerfile: 'app/Dockerfile', ...inputs }, workspace)
}

async function inFlist(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await flist([command, `${world.env.FLIST_HUB_URL}/alice.3bot/app.flist`, ...args], {
    env: world.env,
  })
  return code === 0 ? stdout : stderr
}

test('stages on several images, on each other and on nothing become what Docker makes of them', async () => {
  const { code, log, outputs } = await run()
  expect(code, log).toBe(0)
  expect(outputs.status).toBe('published')
  // Arguments in front of the first FROM have no value in a stage that does not ask for them.
  expect(await inFlist('cat', '/etc/more')).toBe('amd64 \n')
  expect(await inFlist('stat', '/usr/bin/true')).toContain('file')
  expect(await inFlist('stat', '/bin/ls')).toContain('file')
})

test('what .dockerignore leaves out is nowhere, and links are links', async () => {
  const names = (await inFlist('ls', '/src')).split('\n').map((line) => line.split(/ +/)[5])
  expect(names.filter(Boolean)).toEqual(['.dockerignore', 'keep', 'link', 'src'])
  expect(await inFlist('ls', '/src/keep')).not.toContain('not.log')
  expect(await inFlist('stat', '/src/link')).toMatch(/src\/text/)
  expect(await inFlist('stat', '/src/src/dangling')).toMatch(/\/nowhere/)
})

test('a change of what is left out changes nothing', async () => {
  await write({ 'app/secret/key': 'hunter23', 'app/b.log': 'b' })
  expect((await run()).outputs.status).toBe('unchanged')
})

test('a change of a file, and an image of a stage that moved, are the reasons of the next build', async () => {
  await write({ 'app/src/text': 'changed' })
  await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder, ['/usr/bin/true'])
  const { code, log, outputs } = await run()
  expect(code, log).toBe(0)
  expect(outputs.reason).toContain('file src/text changed')
  expect(outputs.reason).toContain(`${first}, which a stage takes, moved`)
})

test('a step that fails is told with its line of the Dockerfile', async () => {
  await write({ 'bad/Dockerfile': `FROM ${first}\n\nRUN true \\\n  && exit 7\n` })
  const { code, log } = await run({ dockerfile: 'bad/Dockerfile' })
  expect(code).toBe(1)
  expect(log).toMatch(/::error .*file=bad\/Dockerfile,line=3/)
})

test('what can not be built is told at once, before any work', async () => {
  await write({ 'bad/Dockerfile': `FROM $NONE\nCOPY --chmod=600 a /\nRUN <<EOF\ntrue\nEOF\n` })
  const { code, log } = await run({ dockerfile: 'bad/Dockerfile' })
  expect(code).toBe(1)
  for (const text of ['NONE has no value here', 'this flag needs BuildKit', 'here-documents need BuildKit']) {
    expect(log).toContain(text)
  }
  expect(log).not.toContain('::group::app: build')
})

test('an image that no registry has is told with the Dockerfile', async () => {
  await write({ 'bad/Dockerfile': `FROM ${first}\nCOPY --from=127.0.0.1:1/no/thing:2 /a /\n` })
  const { code, log } = await run({ dockerfile: 'bad/Dockerfile' })
  expect(code).toBe(1)
  expect(log).toMatch(/bad\/Dockerfile: no registry that can be reached has 127\.0\.0\.1:1\/no\/thing:2/)
})
