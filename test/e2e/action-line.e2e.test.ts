import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyActions, runAction } from '../harness/action-run.ts'
import { runCommand } from '../harness/command.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** The actions one after another, as the jobs of a workflow run them; here they share a work folder. */
let world: World
let workspace: string
let actions: string
let hub: Record<string, string>

beforeAll(async () => {
  world = await createWorld()
  workspace = join(world.folder, 'workspace')
  actions = join(world.folder, 'actions')
  await mkdir(workspace)
  await copyActions(actions)
  const base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder)
  await writeRecipes(workspace, {
    ...recipesWithBase(base),
    'images/parent/image.yaml': { description: 'Below', base: 'tiny', files: [{ target: '/etc/below', content: 'b' }] },
    'images/child/image.yaml': {
      description: 'On top',
      base: { image: 'parent' },
      files: [{ target: '/etc/top', content: 't' }],
    },
    'images/broken/image.yaml': {
      description: 'Does not build',
      base: 'tiny',
      files: [{ target: '/etc/broken', content: 'x' }],
      dockerfile: 'RUN echo "::error::forged"; exit 7\n',
    },
  })
  const { FLIST_HUB_URL = '', FLIST_HUB_GATEWAY = '', FLIST_HUB_BACKEND = '' } = world.env
  hub = { 'hub-url': FLIST_HUB_URL, 'hub-gateway': FLIST_HUB_GATEWAY, 'hub-backend': FLIST_HUB_BACKEND }
})
afterAll(async () => world[Symbol.asyncDispose]())

function run(action: string, inputs: Record<string, string>) {
  const common = { 'work-folder': join(world.folder, 'work'), ...inputs }
  const env = { SOURCE_DATE_EPOCH: '1700000001', GITHUB_SERVER_URL: 'https://github.example' }
  return runAction(join(actions, 'actions', action), common, workspace, env)
}

const registry = () => ({ registry: world.registry })

test('plan gives the legs of a matrix, parents first', async () => {
  const { code, log, outputs, summary } = await run('plan', { ...registry(), images: 'child' })
  expect(code, log).toBe(0)
  const legs = JSON.parse(outputs.legs ?? '')
  expect(legs.map(({ images }: { images: string }) => images)).toEqual(['parent', 'child'])
  expect(outputs).toMatchObject({ count: '2', 'count-0': '1', 'count-1': '1', images: 'parent child' })
  expect(summary).toContain('## Plan: 2 of 2 images')
})

test('build pushes under the build id, and leaves the tag that users follow', async () => {
  const { code, log, outputs } = await run('build', { ...registry(), images: 'parent child', leg: '0-00' })
  expect(code, log).toBe(0)
  expect(outputs).toMatchObject({ built: '2', reference: `${world.registry}/child@${outputs.digest}` })
  expect((await askFor('child', 'latest')).status).toBe(404)
})

test('an image says the time of its commit and where it is from, so it is the same when it is built again', async () => {
  const first = await readManifest('parent', await tagOf('0-00'))
  const config = JSON.parse(await (await fetch(`${repositoryUrl('parent')}/blobs/${first.config.digest}`)).text())
  expect(config.created).toBe('2023-11-14T22:13:21Z')
  expect(config.config.Labels['org.opencontainers.image.source']).toBe('https://github.example/Example/Images')
  const again = await run('build', {
    ...registry(),
    images: 'parent',
    leg: 'again',
    force: 'true',
    'cache-from': 'false',
  })
  const second = await readManifest('parent', await tagOf('again'))
  expect(again.code, again.log).toBe(0)
  expect(second.config.digest).toBe(first.config.digest)
})

test('convert leaves flists, and of the chunks those that the hub lacks', async () => {
  const { code, log, outputs, summary } = await run('convert', { ...registry(), ...hub, leg: '0-00', verify: 'true' })
  expect(code, log).toBe(0)
  expect(outputs['tree-hash']).toMatch(/^[0-9a-f]{64}$/)
  expect(log).toContain('::group::child: verify')
  expect(summary).toContain('not in the flist')
  expect(await readdir(join(world.folder, 'work', 'legs', '0-00', 'flists'))).toHaveLength(2)
})

test('publish says in a dry run what it would do, and does nothing', async () => {
  const inputs = { ...registry(), ...hub, 'hub-token': world.token, leg: '0-00', 'dry-run': 'true' }
  const { code, log, outputs, summary } = await run('publish', inputs)
  expect(code, log).toBe(0)
  expect(outputs).toMatchObject({ status: 'planned', published: '0' })
  expect(summary).toContain('Would be published')
  expect((await fetch(`${hub['hub-url']}/${account}/child.flist`)).status).toBe(404)
})

test('publish moves the links, and then the tags of the images', async () => {
  const inputs = { ...registry(), ...hub, 'hub-token': world.token, leg: '0-00' }
  const { code, log, outputs } = await run('publish', inputs)
  expect(code, log).toBe(0)
  expect(outputs).toMatchObject({ status: 'published', published: '2' })
  expect((await fetch(outputs['link-url'] ?? '')).status).toBe(200)
  expect((await askFor('child', 'latest')).status).toBe(200)
})

test('then there is nothing left to do', async () => {
  const inputs = { ...registry(), ...hub, 'hub-token': world.token, images: 'child' }
  const { outputs } = await run('plan', inputs)
  expect(outputs).toMatchObject({ legs: '[]', 'legs-0': '[]', count: '0', 'hub-user': account })
})

test('an image that fails stops no other, and is an annotation on its line', async () => {
  const built = await run('build', { ...registry(), images: 'broken parent', leg: '0-01' })
  expect(built.code).toBe(1)
  expect(built.outputs.built).toBe('1')
  expect(built.log).toMatch(/::error title=.*,file=recipes\/images\/broken\/image\.yaml,line=\d+,col=\d+::/)
  expect(built.log).not.toMatch(/^::error::forged/m)
  expect(built.summary).toContain('broken failed')
  const converted = await run('convert', { ...registry(), ...hub, leg: '0-01' })
  expect(converted.code, converted.log).toBe(0)
  expect(converted.outputs.converted).toBe('1')
})

test('a pull request builds and converts without a registry to push to', async () => {
  const inputs = { registry: `${world.registry}-fork`, images: 'child', leg: 'pr', push: 'false' }
  const built = await run('build', inputs)
  expect(built.code, built.log).toBe(0)
  const converted = await run('convert', { ...registry(), ...hub, leg: 'pr', 'layer-cache': 'false', compare: 'true' })
  expect(converted.code, converted.log).toBe(0)
  const result = JSON.parse(await readFile(converted.outputs.result ?? '', 'utf8'))
  const child = result.images.find(({ name }: { name: string }) => name === 'child')
  expect(child.difference.chunks).toMatchObject({ newBytes: 0 })
  expect((await askFor('child', 'latest', 'tf-images-fork')).status).toBe(404)
})

test('the step after the job removes what was built, and never fails', async () => {
  const { outputs, afterJob } = await run('build', { ...registry(), images: 'parent', leg: '0-02' })
  const tag = `${world.registry}/parent:${outputs.result ? await buildIdOf(outputs.result) : ''}`
  const post = await afterJob()
  expect(post, post.log).toMatchObject({ code: 0 })
  const { stdout } = await runCommand('docker', ['images', '--quiet', tag])
  expect(stdout).toBe('')
})

/** The tag of the first image that a leg built. */
async function tagOf(leg: string): Promise<string> {
  return buildIdOf(join(world.folder, 'work', 'results', `result-build-${leg}`, 'result.json'))
}

async function buildIdOf(result: string): Promise<string> {
  return JSON.parse(await readFile(result, 'utf8')).images[0].buildId.slice(0, 12)
}

async function readManifest(image: string, tag: string): Promise<{ readonly config: { readonly digest: string } }> {
  return JSON.parse(await (await askFor(image, tag)).text())
}

function repositoryUrl(image: string, prefix = 'tf-images'): string {
  return `http://${world.registry.split('/')[0]}/v2/${prefix}/${image}`
}

/** The registry has no manifest for who does not say that it may be OCI's. */
function askFor(image: string, tag: string, prefix?: string): Promise<Response> {
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' }
  return fetch(`${repositoryUrl(image, prefix)}/manifests/${tag}`, { headers })
}
