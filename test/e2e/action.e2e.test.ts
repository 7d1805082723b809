import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyActions, runAction } from '../harness/action-run.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** The bundled action, run as a runner does: from a folder that has nothing but its files. */
let world: World
let workspace: string
let action: string

beforeAll(async () => {
  world = await createWorld()
  workspace = join(world.folder, 'workspace')
  action = join(world.folder, 'action')
  await mkdir(workspace)
  await copyActions(action)
  const base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder)
  await writeRecipes(workspace, {
    ...recipesWithBase(base),
    'images/hello/image.yaml': {
      description: 'Says <hello>',
      base: 'tiny',
      files: [{ target: '/etc/hello', content: 'hello' }],
      entrypoint: ['/bin/sh'],
    },
  })
})
afterAll(async () => world[Symbol.asyncDispose]())

function run(inputs: Record<string, string> = {}, env: Record<string, string> = {}) {
  const { FLIST_HUB_URL = '', FLIST_HUB_GATEWAY = '', FLIST_HUB_BACKEND = '' } = world.env
  const hub = { 'hub-url': FLIST_HUB_URL, 'hub-gateway': FLIST_HUB_GATEWAY, 'hub-backend': FLIST_HUB_BACKEND }
  return runAction(
    action,
    { image: 'hello', registry: world.registry, 'hub-token': world.token, ...hub, ...inputs },
    workspace,
    env,
  )
}

test('brings one image from its recipe to the hub', async () => {
  const { code, log, outputs, summary } = await run()
  expect(code, log).toBe(0)
  expect(outputs).toMatchObject({
    status: 'published',
    'link-url': `${world.env.FLIST_HUB_URL}/${account}/hello.flist`,
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    'tree-hash': expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  expect(outputs.reference).toBe(`${world.registry}/hello@${outputs.digest}`)
  expect(JSON.parse(outputs.report ?? '')[0].conversion.files).toBeGreaterThan(1)
  expect((await fetch(outputs['flist-url'] ?? '')).status).toBe(200)
  expect(summary).toContain('| hello | published |')
  for (const phase of ['build', 'push', 'convert', 'check', 'publish', 'read back']) {
    expect(log).toContain(`::group::hello: ${phase}\n`)
  }
})

test('a second run has nothing to do', async () => {
  const { code, outputs } = await run()
  expect(code).toBe(0)
  expect(outputs).toMatchObject({ status: 'unchanged', reason: expect.stringContaining('hello-') })
})

test('the token is masked before anything else, and is in no other place', async () => {
  const { log, summary } = await run()
  expect(log.indexOf(`::add-mask::${world.token}`)).toBe(0)
  expect(log.split(world.token)).toHaveLength(2)
  expect(summary).not.toContain(world.token)
})

test('missing inputs are all named', async () => {
  const { code, log } = await run({ image: '', 'hub-token': '' })
  expect(code).toBe(1)
  expect(log).toMatch(/::error::.*"image", "hub-token" missing/)
})

test('a failure sets the outputs it has and fails with the remedy', async () => {
  const { code, log, outputs } = await run({ image: 'helo' })
  expect(code).toBe(1)
  expect(log).toMatch(/::error::no image "helo" in the recipes; there are: hello/)
  expect(outputs.status).toBeUndefined()
})

test('a runner without an engine is told, with what to do, before anything is built', async () => {
  const { code, log, outputs } = await run({ force: 'true' }, { DOCKER_HOST: `unix://${world.folder}/no.sock` })
  expect(code).toBe(1)
  expect(log).toMatch(/::error::.*no\.sock.*there is no such socket; install and start Docker/)
  expect(log).not.toContain('::group::hello: build')
  expect(outputs.status).toBeUndefined()
})

test.each([
  ['of another hub', () => `${world.token.slice(0, -8)}AAAAAAAA`, /::error.*(token|401|403)/i],
  ['with a line break in it', () => `${world.token.slice(0, 20)}\n${world.token.slice(20)}`, /hub token: holds blanks/],
])('a token %s: told, no link is moved, and the token is not shown', async (_, token, expected) => {
  const { code, log } = await run({ 'hub-token': token(), force: 'true' })
  expect(code).toBe(1)
  expect(log).toMatch(expected)
  const shown = log.split('\n').filter((line) => !line.startsWith('::add-mask::'))
  expect(shown.join('\n')).not.toContain(token().slice(-30))
})
