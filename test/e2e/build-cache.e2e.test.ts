import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ActionRun, copyActions, runAction } from '../harness/action-run.ts'
import { runCommand } from '../harness/command.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { createWorld, type World } from '../harness/world.ts'

/** What an engine that built nothing yet takes over from the image that was published last: `cache-from` of the action that builds. */
let world: World
let workspace: string
let actions: string
let legs = 0

beforeAll(async () => {
  world = await createWorld()
  workspace = join(world.folder, 'workspace')
  actions = join(world.folder, 'actions')
  await mkdir(workspace)
  await copyActions(actions)
  const base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder, ['/usr/bin/head'])
  await writeRecipes(workspace, recipesWithBase(base))
})
afterAll(async () => world[Symbol.asyncDispose]())

/** A step whose result is another one each time it is run, and one after it. */
const app = (last: string) => ({
  'images/app/image.yaml': {
    description: 'An app',
    base: 'tiny',
    dockerfile: `RUN head -c 64 /dev/urandom > /random\nRUN echo ${last} > /last\n`,
  },
})

/** Builds on a machine of its own: what another build left in the engine is removed before. */
async function build(
  last: string,
  inputs: Readonly<Record<string, string>>,
  commit: string,
): Promise<ActionRun & { readonly layers: readonly string[] }> {
  await writeRecipes(workspace, app(last))
  const work = { 'work-folder': join(world.folder, 'work'), leg: `leg-${legs++}` }
  const given = { registry: world.registry, images: 'app', ...work, ...inputs }
  const run = await runAction(join(actions, 'actions', 'build'), given, workspace, { SOURCE_DATE_EPOCH: commit })
  expect(run.code, run.log).toBe(0)
  const post = await run.afterJob()
  expect(post.code, post.log).toBe(0)
  const left = await runCommand('docker', ['images', '--quiet', `${world.registry}/app`])
  for (const id of left.stdout.split('\n').filter(Boolean)) await runCommand('docker', ['rmi', '--force', id])
  return { ...run, layers: await layersOf(run.outputs.digest ?? '') }
}

const manifests = () => `http://${world.registry.replace('/', '/v2/')}/app/manifests`
const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' }

async function layersOf(digest: string): Promise<readonly string[]> {
  const { layers } = JSON.parse(await (await fetch(`${manifests()}/${digest}`, { headers })).text())
  return layers.map((layer: { digest: string }) => layer.digest)
}

/** What publishing its flist does at the end. */
async function publish(digest = ''): Promise<void> {
  const body = await (await fetch(`${manifests()}/${digest}`, { headers })).text()
  const put = { method: 'PUT', body, headers: { 'content-type': headers.accept } }
  expect((await fetch(`${manifests()}/latest`, put)).status).toBe(201)
}

// Before and after the base was made, which is now: what is published has times of its own.
test.each(['1700000001', '4000000000'])(
  'steps before the one that changed are taken over, with commits of %s',
  async (commit) => {
    const before = await build(`one ${commit}`, {}, commit)
    await publish(before.outputs.digest)
    const after = await build(`two ${commit}`, {}, commit)
    expect(after.log).toContain('from the cache')
    expect(after.layers.slice(0, -1)).toEqual(before.layers.slice(0, -1))
    expect(after.layers.at(-1)).not.toBe(before.layers.at(-1))
  },
)

test('nothing is taken over where that is not wanted', async () => {
  const { log } = await build('three', { 'cache-from': 'false' }, '4000000000')
  expect(log).not.toContain('from the cache')
})

test('an image that is not there only makes the build longer', async () => {
  const url = `http://${world.registry.replace('/', '/v2/')}/app/manifests/latest`
  const digest = (await fetch(url, { headers, method: 'HEAD' })).headers.get('docker-content-digest')
  expect((await fetch(`${manifests()}/${digest}`, { method: 'DELETE' })).status).toBe(202)
  const { log } = await build('four', {}, '1700000001')
  expect(log).toMatch(/no layers from .*app:latest/)
})
