import { rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INPUTS_LABEL } from '../packages/pipeline/src/build-id.ts'
import type { Plan, PlanOptions } from '../packages/pipeline/src/index.ts'
import { planImages } from '../packages/pipeline/src/planning/plan-images.ts'
import { parseReference, RegistryClient } from '../packages/registry/src/index.ts'
import { flist, runCommand } from './harness/command.ts'
import { publishImages, pushImage } from './harness/published-images.ts'
import { type RecipeFiles, recipesWithBase, writeRecipes } from './harness/recipe-folder.ts'
import { account, createWorld, type World } from './harness/world.ts'

/** What `flist plan` says of a world with a real registry and a hub; images and flists have no content, as none is read. */
let world: World
let host: string
let base: { readonly reference: string; readonly digest: string }
let count = 0

beforeAll(async () => {
  world = await createWorld()
  host = world.registry.split('/')[0] ?? ''
  const reference = `${host}/bases/tiny:1`
  base = { reference, digest: await pushImage(host, [reference]) }
})
afterAll(async () => world[Symbol.asyncDispose]())

const snippet = (version: string, text: string) => ({ description: 'Says it', version, run: [`echo ${text}`] })

const recipeFiles = (): RecipeFiles => ({
  ...recipesWithBase(base.reference),
  'snippets/greet/snippet.yaml': snippet('1.0', 'hello'),
  'images/below/image.yaml': { description: 'Below', base: 'tiny', snippets: ['greet'] },
  'images/above/image.yaml': { description: 'Above', base: { image: 'below' } },
  'images/aside/image.yaml': { description: 'Aside', base: 'tiny' },
})

/** Recipes, a registry prefix and an account of their own, published as they are unless told otherwise. */
async function project(wanted: (name: string) => boolean = () => true) {
  const number = count++
  const root = join(world.folder, `recipes-${number}`)
  await writeRecipes(root, recipeFiles())
  const registry = `${host}/images-${number}`
  const user = `${account.split('.')[0]}${number}.3bot`
  const repository = join(world.folder, 'hub', 'users', user)
  const publish = (filter = wanted) =>
    publishImages(root, { registryHost: host, registry, repository, baseDigest: base.digest }, filter)
  await publish()
  const words = ['--root', root, '--registry', registry, '--hub-user', user, '--platform', 'linux/amd64']
  const env = { FLIST_HUB_URL: world.env.FLIST_HUB_URL ?? '' }
  const text = (...more: string[]) => flist(['plan', ...words, ...more], { env })
  const plan = (images: readonly string[] = [], options: Partial<PlanOptions> = {}): Promise<Plan> => {
    const places = { root, registry, platform: 'linux/amd64', hub: { url: world.twin.url, user } }
    return planImages({ ...places, images, credentials: async () => undefined, ...options })
  }
  const git = (...words: string[]) =>
    runCommand('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...words])
  return { root, registry, repository, publish, text, plan, git }
}

const rows = ({ images }: Plan) =>
  images.map(({ name, action, reasons }) => `${name}: ${action}: ${reasons.map(({ text }) => text).join('; ')}`)

describe('what is published', () => {
  test('needs nothing; each image takes one request, the hub two', async () => {
    const { plan, text } = await project()
    const found = await plan()
    expect(found.images.map(({ action }) => action)).toEqual(['nothing', 'nothing', 'nothing'])
    expect(found.legs).toEqual([])
    const baseRequests = 2
    expect(found.requests).toBe(3 + 2 + baseRequests)
    const { stdout, code } = await text('--check')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ {2}below {2}nothing {2}up to date: below-[0-9a-f]{12}\.flist$/m)
    expect(stdout).toContain('3 images: 3 up to date; 7 requests\n')
  })

  test('and changed in a snippet is built again, with what is on top of it, and nothing else', async () => {
    const { root, plan, text, publish } = await project()
    await writeRecipes(root, { 'snippets/greet/snippet.yaml': snippet('1.1', 'hi') })
    const found = await plan()
    expect(rows(found)).toEqual([
      'below: build: snippet greet 1.0 → 1.1',
      'above: build: below, which it is built on, is built first',
      expect.stringMatching(/^aside: nothing: up to date/),
    ])
    const baseRequests = 2
    // One for each image that is not on top of another; what "below" was made from is one more.
    expect(found.requests).toBe(2 + 1 + 2 + baseRequests)
    expect(found.images[1]).not.toHaveProperty('buildId')
    expect(found.legs.map(({ id, images }) => [id, ...images])).toEqual([
      ['0-00', 'below'],
      ['1-00', 'above'],
    ])
    const { stdout, code, stderr } = await text('--check')
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'flist: 2 of 3 are not up to date\n' })
    expect(stdout).toContain('+ below  build    snippet greet 1.0 → 1.1\n')

    await publish((name) => name !== 'above')
    expect(rows(await plan(['above'], { only: true }))).toEqual([
      'above: build: below, which it is built on, was built again',
    ])
  })

  test('and changed without a new version is told by its file', async () => {
    const { root, plan } = await project()
    await writeRecipes(root, { 'snippets/greet/snippet.yaml': snippet('1.0', 'hi') })
    expect(rows(await plan(['below']))).toEqual(['below: build: file recipes/snippets/greet/snippet.yaml changed'])
  })

  test('and made by an older version is told by its label for one request more; what nobody can read tells nothing', async () => {
    const { root, registry, plan } = await project()
    const published = (await plan(['aside'])).images[0]?.reference ?? ''
    const client = new RegistryClient()
    const { document } = await client.manifest(parseReference(published))
    await client.close()
    const inputs = document.kind === 'manifest' ? document.manifest.annotations : undefined
    const tags = [published, `${registry}/aside:latest`]
    await writeRecipes(root, { 'images/aside/image.yaml': { description: 'Aside', base: 'tiny', cmd: ['/bin/sh'] } })
    const told = await plan(['aside'])
    await pushImage(host, tags, { ...(inputs && { labels: inputs }) })
    const older = await plan(['aside'])
    expect(rows(older)).toEqual(['aside: build: file recipes/images/aside/image.yaml changed'])
    expect(rows(told)).toEqual(rows(older))
    expect(older.requests).toBe(told.requests + 1)
    await pushImage(host, tags, { labels: { [INPUTS_LABEL]: '{"base":1}' }, annotations: { [INPUTS_LABEL]: '{' } })
    expect(rows(await plan(['aside']))).toEqual([
      'aside: build: built by a version of flist that did not record from what',
    ])
  })

  test('may have lost its link, its flist or its image', async () => {
    const { plan, repository } = await project()
    const { images } = await plan()
    const flistOf = (name: string) => images.find((image) => image.name === name)?.flist ?? ''
    await rm(join(repository, 'above.flist'))
    await rm(join(repository, 'below.flist'))
    await symlink(flistOf('aside'), join(repository, 'below.flist'))
    await rm(join(repository, flistOf('aside')))
    const found = await plan()
    expect(rows(found)).toEqual([
      `below: relink: link drifted: below.flist leads to ${flistOf('aside')}, and not to ${flistOf('below')}`,
      `above: relink: ${flistOf('above')} is published, and there is no above.flist`,
      `aside: convert: ${found.images[2]?.reference} has no flist: there is no ${flistOf('aside')}, aside.flist leads to ${flistOf('aside')}`,
    ])
    expect(found.legs.every(({ wave }) => wave === 0)).toBe(true)
  })
})

describe('a clean clone', () => {
  test('plans everything, in waves', async () => {
    const { plan } = await project(() => false)
    const found = await plan()
    expect(rows(found)).toEqual([
      'below: build: never built',
      'above: build: below, which it is built on, is built first',
      'aside: build: never built',
    ])
    expect((await plan([], { limits: { waves: 1 } })).legs.map(({ images }) => images)).toEqual([
      ['below', 'above'],
      ['aside'],
    ])
    expect(await plan(['above'], { only: true })).toMatchObject({
      images: [{ name: 'above', action: 'blocked', reasons: [{ kind: 'not-selected' }] }],
      legs: [],
    })
  })

  test('with recipes that are wrong says what is wrong with them, and not that the hub does not answer', async () => {
    const { root, plan } = await project(() => false)
    await writeRecipes(root, { 'images/zero/image.yaml': { base: 'tiny' } })
    const hub = { url: 'http://127.0.0.1:1', user: account }
    await expect(plan([], { hub })).rejects.toThrow('recipes/images/zero/image.yaml:1:1: "description" is missing')
  })

  test('whose registry does not answer says so, and takes it for empty', async () => {
    const { plan } = await project(() => false)
    const found = await plan(['aside'], { registry: '127.0.0.1:1/images' })
    expect(rows(found)).toEqual(['aside: build: 127.0.0.1:1 can not be reached: taken for never built'])
    expect(found.notes).toEqual(['127.0.0.1:1 can not be reached: taken for empty'])
  })
})

describe('a base', () => {
  test('that vanished blocks what is on it, and nothing else', async () => {
    const { root, plan } = await project()
    const lost = `${host}/bases/lost:1`
    await writeRecipes(root, {
      'recipes.yaml': {
        registry: 'ghcr.io/example/images',
        bases: { tiny: { reference: base.reference, family: 'debian' }, lost: { reference: lost, family: 'debian' } },
      },
      'images/orphan/image.yaml': { description: 'Orphan', base: 'lost' },
      'images/grandchild/image.yaml': { description: 'On it', base: { image: 'orphan' } },
    })
    const found = await plan()
    expect(found.images.map(({ name, action }) => `${name} ${action}`)).toEqual([
      'below nothing',
      'above nothing',
      'aside nothing',
      'orphan blocked',
      'grandchild blocked',
    ])
    expect(rows(found)[3]).toContain(`${lost}: `)
    expect(rows(found)[4]).toBe('grandchild: blocked: orphan, which it is built on, is blocked')
    expect(found.legs).toEqual([])
  })

  test('that moved is built on, or where it is locked is told of', async () => {
    const { root, plan, publish } = await project()
    const moving = `${host}/bases/moving:1`
    const digest = await pushImage(host, [moving], { labels: { is: 'new' } })
    await writeRecipes(root, { ...recipesWithBase(moving) })
    expect(rows(await plan(['aside']))).toEqual(['aside: build: base tiny moved; file recipes/recipes.yaml changed'])
    const lock = {
      bases: { tiny: { reference: moving, digest: base.digest } },
      snippets: { greet: '1.0' },
      downloads: {},
    }
    await writeFile(join(root, 'recipes.lock.yaml'), JSON.stringify(lock))
    await pushImage(host, [`${host}/bases/moving:old`])
    await publish()
    const found = await plan(['aside'], { frozen: true })
    expect(digest).not.toBe(base.digest)
    expect(found.images[0]?.action).toBe('nothing')
    expect(found.notes).toEqual(['base tiny moved since it was locked; to take it: flist lock'])
  })
})

test('what is not locked is blocked where only that will do', async () => {
  const { root, plan } = await project()
  expect(rows(await plan(['aside'], { frozen: true }))).toEqual([
    'aside: blocked: there is no recipes.lock.yaml; run: flist lock',
  ])
  const url = `http://${host}/tool`
  await writeRecipes(root, {
    'snippets/tool/snippet.yaml': {
      description: 'A tool',
      downloads: [{ target: '/opt/tool', architectures: { amd64: { url } } }],
    },
    'images/tooled/image.yaml': { description: 'Has it', base: 'tiny', snippets: ['tool'] },
  })
  const found = await plan()
  expect(found.images.filter(({ action }) => action === 'nothing')).toHaveLength(3)
  expect(rows(found)).toContain(
    `tooled: blocked: recipes/snippets/tool/snippet.yaml:6:14: ${url} has no sha256, here or in recipes.lock.yaml; run: flist lock`,
  )
})

test('--force builds what is asked for', async () => {
  const { plan } = await project()
  expect(rows(await plan(['above'], { force: true, only: true }))).toEqual(['above: build: asked for with --force'])
  expect(rows(await plan(['above'], { force: true }))).toEqual([
    'below: build: asked for with --force',
    'above: build: asked for with --force; below, which it is built on, is built first',
  ])
})

test('--since takes what changed files touch, and what is on top of it', async () => {
  const { root, plan, text, git } = await project()
  await git('init', '--quiet')
  await git('add', '.')
  await git('commit', '--quiet', '--message', 'all')
  expect((await plan([], { since: 'HEAD' })).images).toEqual([])
  await writeRecipes(root, { 'images/aside/notes.md': 'x' })
  expect((await plan([], { since: 'HEAD' })).images.map(({ name }) => name)).toEqual(['aside'])
  await writeRecipes(root, { 'snippets/greet/snippet.yaml': snippet('1.1', 'hi') })
  await git('add', '.')
  await git('commit', '--quiet', '--message', 'snippet')
  expect((await plan([], { since: 'HEAD~1' })).images.map(({ name }) => name)).toEqual(['below', 'above', 'aside'])
  expect((await plan(['above'], { since: 'HEAD~1' })).images.map(({ name }) => name)).toEqual(['below', 'above'])
  expect(await text('--since', '--output=x')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"--output=x": git knows no such commit'),
  })
})
