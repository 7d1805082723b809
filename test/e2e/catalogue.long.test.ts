import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { catalogueEntries } from '../../packages/recipe/src/catalogue.ts'
import { loadRecipes } from '../../packages/recipe/src/index.ts'
import { flist } from '../harness/command.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** Every image of the catalogue that the archives of distributions are enough for: built, converted, published and tested. */
const root = join(import.meta.dirname, '../..')
const entries = catalogueEntries(await loadRecipes(root))
const images = entries.filter(({ obstacle }) => obstacle === undefined).map(({ image }) => image)

let world: World

beforeAll(async () => {
  world = await createWorld()
})
afterAll(async () => world[Symbol.asyncDispose]())

const run = (...words: string[]) => flist(words, { env: world.env })

describe.each(images)('%s', (image) => {
  test('is built, converted and published', async () => {
    const { code, stdout, stderr } = await run('up', image, '--json', '--work', join(world.folder, 'work'))
    expect(code, stderr).toBe(0)
    const { images: reports } = JSON.parse(stdout)
    expect(reports.at(-1)).toMatchObject({ name: image, status: 'published' })
    expect(reports.at(-1).conversion.files).toBeGreaterThan(1000)
  })

  test('is as a flist what it is as an image', async () => {
    const link = `${world.env.FLIST_HUB_URL}/${account}/${image}.flist`
    const { code, stderr, stdout } = await run('verify', link, `${world.registry}/${image}:latest`, '--contents')
    expect(code, stderr + stdout).toBe(0)
  })

  test('keeps what its recipe says must hold', async () => {
    const { code, stderr, stdout } = await run('test', 'image', image)
    expect(code, stderr + stdout).toBe(0)
  })
})
