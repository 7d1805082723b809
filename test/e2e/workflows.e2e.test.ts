import { access, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitRecipes, copyExample, createRepository, standInForPnpm } from '../act/workflow-repository.ts'
import { runWorkflow, type WorkflowOptions, type WorkflowRun } from '../act/workflow-run.ts'
import { recipesWithBase } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** The workflow files as GitHub would run them, on this machine: with a real engine, a registry and a hub of their own. */
let world: World
let repository: string
let base: string
const examples = join(import.meta.dirname, '..', '..', 'examples')
/** As others name our actions. */
const released = 'threefoldtech/tf-images@v1'
beforeAll(async () => {
  world = await createWorld()
  base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder)
  repository = await createRepository(join(world.folder, 'repository'), {
    ...recipesWithBase(base),
    ...greeting('hello'),
    'images/parent/image.yaml': { description: 'Below', base: 'tiny', snippets: ['greet'] },
    'images/child/image.yaml': { description: 'On top', base: { image: 'parent' }, cmd: ['/bin/sh'] },
  })
})
afterAll(async () => world[Symbol.asyncDispose]())

const greeting = (word: string) => ({
  'snippets/greet/snippet.yaml': { description: 'Greets', version: '1.0', run: [`echo ${word} > /etc/motd`] },
})

/** What the settings of a repository say on GitHub. */
function vars(): Record<string, string> {
  const { FLIST_HUB_URL = '', FLIST_HUB_GATEWAY = '', FLIST_HUB_BACKEND = '' } = world.env
  const hub = { HUB_URL: FLIST_HUB_URL, HUB_GATEWAY: FLIST_HUB_GATEWAY, HUB_BACKEND: FLIST_HUB_BACKEND }
  return { REGISTRY: world.registry, HUB_USER: account, ...hub }
}

function run(options: Partial<WorkflowOptions> = {}): Promise<WorkflowRun> {
  return runWorkflow({
    repository,
    workflow: '.github/workflows/flists.yml',
    event: 'push',
    vars: vars(),
    secrets: { HUB_TOKEN: world.token, GITHUB_TOKEN: 'none' },
    actions: repository,
    folder: world.folder,
    ...options,
  })
}

/** `Run workflow` with its form filled in. */
const dispatch = (inputs: Readonly<Record<string, string>>, options: Partial<WorkflowOptions> = {}) =>
  run({ event: 'workflow_dispatch', payload: { inputs }, ...options })

/** What a link on the hub leads to. */
const linkOf = (name: string) => readlink(join(world.folder, 'hub', 'users', account, `${name}.flist`))

/** What is pushed of an image. */
async function tagsOf(name: string): Promise<readonly string[]> {
  const [host = '', prefix = ''] = world.registry.split('/')
  const answer = await fetch(`http://${host}/v2/${prefix}/${name}/tags/list`)
  const { tags }: { tags: string[] } = JSON.parse(await answer.text())
  return tags.sort()
}

const image = (text: string) => ({ description: text, base: 'tiny', files: [{ target: '/etc/text', content: text }] })

test('the first push brings everything up, parents first', async () => {
  const { code, jobs, log } = await run()
  expect(code, log).toBe(0)
  expect(jobs).toMatchObject({ 'build-0': 'success', 'build-1': 'success', publish: 'success', report: 'success' })
  expect(await linkOf('child')).toMatch(/^child-.*[0-9a-f]{12}\.flist$/)
  expect(log).not.toContain(world.token)
})

test('a push that changes a snippet ends as moved links, and nobody did anything', async () => {
  const before = [await linkOf('parent'), await linkOf('child')]
  await commitRecipes(repository, greeting('hi'))
  const { code, log, artifacts } = await run()
  expect(code, log).toBe(0)
  const after = [await linkOf('parent'), await linkOf('child')]
  expect(after[0]).not.toBe(before[0])
  expect(after[1]).not.toBe(before[1])
  expect(artifacts).toEqual(expect.arrayContaining(['plan', 'result-publish-0-00', 'result-publish-1-00']))
})

test('a push that changes nothing plans, and does nothing', async () => {
  const before = await linkOf('child')
  const { code, log, jobs, artifacts } = await run()
  expect(code, log).toBe(0)
  expect(Object.keys(jobs)).not.toContain('build-0')
  expect(artifacts).toEqual(['plan'])
  expect(await linkOf('child')).toBe(before)
})

test('a run by hand with dry run says what it would do, and does nothing', async () => {
  await commitRecipes(repository, { 'images/one/image.yaml': image('one'), 'images/two/image.yaml': image('two') })
  const { code, log, jobs } = await dispatch({ images: 'two', 'dry-run': 'true' })
  expect(code, log).toBe(0)
  expect(Object.keys(jobs)).toEqual(['plan'])
  expect(log).toContain('leg 0-00: two')
  await expect(linkOf('two')).rejects.toThrow('ENOENT')
})

test('a run by hand does what its list says, and no other', async () => {
  const { code, log } = await dispatch({ images: 'two' })
  expect(code, log).toBe(0)
  expect(await linkOf('two')).toMatch(/^two-/)
  await expect(linkOf('one')).rejects.toThrow('ENOENT')
})

test('an image that is not there is told with those that are, before any work', async () => {
  const { code, log, jobs } = await dispatch({ images: 'two $(touch /tmp/hostile)' })
  expect(code).toBe(1)
  expect(jobs).toEqual({ plan: 'failure' })
  expect(log).toContain('::error')
})

test('an image that fails stops no other, and the run says so', async () => {
  const broken = { ...image('broken'), dockerfile: 'RUN exit 7\n' }
  await commitRecipes(repository, { 'images/broken/image.yaml': broken })
  const { code, log, jobs } = await run()
  expect(code, log).toBe(1)
  expect(jobs).toMatchObject({ 'build-0': 'failure', report: 'failure' })
  expect(await linkOf('one')).toMatch(/^one-/)
  expect(log).toMatch(/::error .*file=recipes\/images\/broken\/image\.yaml/)
  await commitRecipes(repository, { 'images/broken/image.yaml': image('mended') })
})

test('a run that is cancelled in the middle is finished by the next one', async () => {
  const cut = await run({ cancelAt: /Run Main .*actions\/convert/ })
  expect(cut.code, cut.log).not.toBe(0)
  await expect(linkOf('broken')).rejects.toThrow('ENOENT')
  const { code, log } = await run()
  expect(code, log).toBe(0)
  expect(await linkOf('broken')).toMatch(/^broken-/)
})

test("a fork's pull request is built and converted without a secret, and nothing is pushed", async () => {
  await commitRecipes(repository, { 'images/two/image.yaml': image('two, changed') })
  const before = await linkOf('two')
  const tags = await tagsOf('two')
  const hostile = '"; touch /tmp/hostile; $(touch /tmp/hostile)'
  const { code, log, artifacts } = await run({
    workflow: '.github/workflows/pull-request.yml',
    event: 'pull_request',
    payload: {
      action: 'synchronize',
      number: 7,
      pull_request: {
        number: 7,
        title: hostile,
        head: { ref: hostile, repo: { fork: true, full_name: 'stranger/images' } },
        base: { ref: 'main' },
      },
    },
    // What GitHub gives a fork: a token that may read, and none of the secrets.
    secrets: { GITHUB_TOKEN: 'reads' },
    vars: vars(),
    programs: await standInForPnpm(join(world.folder, 'programs')),
  })
  expect(code, log).toBe(0)
  expect(artifacts).toContain('result-convert-0-00')
  // Started from what was converted, without a hub.
  expect(log).toMatch(/boot contract +kept; ready after/)
  expect(log).toContain('no comment was written')
  expect(await linkOf('two')).toBe(before)
  expect(await tagsOf('two')).toEqual(tags)
  await expect(access('/tmp/hostile')).rejects.toThrow('ENOENT')
})

test('a base that moved is found by the run of the night', async () => {
  const before = [await linkOf('one'), await linkOf('child')]
  await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder, ['/usr/bin/true'])
  const { code, log } = await run({ event: 'schedule' })
  expect(code, log).toBe(0)
  expect(await linkOf('one')).not.toBe(before[0])
  expect(await linkOf('child')).not.toBe(before[1])
})

test('three hundred images are planned into no more legs than a matrix may have', async () => {
  const names = Array.from({ length: 300 }, (_, number) => `image-${number}`)
  const recipes = Object.fromEntries(names.map((name) => [`images/${name}/image.yaml`, image(name)]))
  const many = await createRepository(join(world.folder, 'many'), { ...recipesWithBase(base), ...recipes })
  const { code, log } = await dispatch({ 'dry-run': 'true' }, { repository: many })
  expect(code, log).toBe(0)
  const legs = [...log.matchAll(/leg 0-\d+: (.*)$/gm)].map(([, images = '']) => images.split(' '))
  expect(legs.length).toBeGreaterThan(1)
  expect(legs.length).toBeLessThanOrEqual(256)
  expect(legs.flat().sort()).toEqual(names.sort())
})

/** What an outsider does not write: that the hub and the registry are those of this test. */
const settings = () => ({
  registry: `${world.registry}/outsider`,
  'hub-url': vars().HUB_URL ?? '',
  'hub-gateway': vars().HUB_GATEWAY ?? '',
  'hub-backend': vars().HUB_BACKEND ?? '',
})

test('example: a repository that has just a Dockerfile publishes a flist, with eight lines of workflow', async () => {
  const file = '.github/workflows/flist.yml'
  const text = await readFile(join(examples, 'dockerfile', file), 'utf8')
  expect(text.trimEnd().split('\n')).toHaveLength(8)
  const given = Object.entries(settings()).map(([name, value]) => `${name}: "${value}", `)
  const changes = [
    ['app/Dockerfile', 'docker.io/library/alpine:3.20', base],
    [file, 'hub-token:', `${given.join('')}hub-token:`],
  ] as const
  const outsider = await copyExample('dockerfile', join(world.folder, 'outsider'), changes)
  const once = () => run({ repository: outsider, workflow: file, repositories: { [released]: repository } })
  const { code, log } = await once()
  expect(code, log).toBe(0)
  const flist = await linkOf('hello')
  expect(flist).toMatch(/^hello-/)
  const again = await once()
  expect(again.code, again.log).toBe(0)
  expect(again.log).toContain('unchanged')
  expect(await linkOf('hello')).toBe(flist)
})

test('example: recipes of an outsider on an image of ours, with our workflow', async () => {
  const file = '.github/workflows/flists.yml'
  const changes = [
    ['recipes/recipes.yaml', 'ghcr.io/threefoldtech/tf-images/debian-12:latest', `${world.registry}/parent:latest`],
    [file, '    secrets:', `    with: ${JSON.stringify(settings())}\n    secrets:`],
  ] as const
  const outsider = await copyExample('recipes', join(world.folder, 'recipes-of-outsider'), changes)
  const { code, log } = await run({ repository: outsider, workflow: file, repositories: { [released]: repository } })
  expect(code, log).toBe(0)
  expect(await linkOf('greeter')).toMatch(/^greeter-/)
})
