import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitRecipes, createRepository } from '../act/workflow-repository.ts'
import { runWorkflow, type WorkflowOptions, type WorkflowRun } from '../act/workflow-run.ts'
import { recipesWithBase } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** The workflow files as GitHub would run them, on this machine: with a real engine, a registry and a hub of their own. */
let world: World
let repository: string
beforeAll(async () => {
  world = await createWorld()
  const base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder)
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

function run(options: Partial<WorkflowOptions> = {}): Promise<WorkflowRun> {
  const { FLIST_HUB_URL = '', FLIST_HUB_GATEWAY = '', FLIST_HUB_BACKEND = '' } = world.env
  return runWorkflow({
    repository,
    workflow: '.github/workflows/flists.yml',
    event: 'push',
    vars: {
      REGISTRY: world.registry,
      HUB_URL: FLIST_HUB_URL,
      HUB_GATEWAY: FLIST_HUB_GATEWAY,
      HUB_BACKEND: FLIST_HUB_BACKEND,
      HUB_USER: account,
    },
    secrets: { HUB_TOKEN: world.token, GITHUB_TOKEN: 'none' },
    actions: repository,
    folder: world.folder,
    ...options,
  })
}

/** What a link on the hub leads to. */
const linkOf = (name: string) => readlink(join(world.folder, 'hub', 'users', account, `${name}.flist`))

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
