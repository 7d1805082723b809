import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flist } from '../harness/command.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** What stands between a flist and the hub: zos has to start it. */
let world: World
let base: string

beforeAll(async () => {
  world = await createWorld()
  base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder)
})
afterAll(() => world[Symbol.asyncDispose]())

/** An image on the tiny base with another init; `flist up` of it. */
async function up(image: string, init: { readonly content: string; readonly mode: string }, ...args: string[]) {
  const files = [{ target: '/sbin/init', ...init }]
  const root = await writeRecipes(join(world.folder, image), {
    ...recipesWithBase(base),
    [`images/${image}/image.yaml`]: { description: 'A test image', base: 'tiny', files },
  })
  const result = await flist(['up', '--root', root, '--work', join(root, 'work'), '--json', ...args], {
    env: world.env,
  })
  const link = await fetch(`${world.env.FLIST_HUB_URL}/${account}/${image}.flist`)
  return { ...result, published: link.status === 200 }
}

test('what breaks the boot contract is not published, unless that is asked for with a warning', async () => {
  const init = { content: 'no program', mode: '0644' }
  const refused = await up('broken', init)
  expect([refused.code, refused.published]).toEqual([3, false])
  const file = 'recipes/images/broken/image.yaml'
  for (const text of [
    `broken: ${file}: entrypoint-not-executable /sbin/init (its mode is 0644): the entrypoint may not be executed; chmod +x\n`,
    `${file}: entrypoint-format /sbin/init (it begins with 6e6f2070): the kernel can not execute it: `,
  ])
    expect(refused.stderr).toContain(text)

  const asked = await up('broken', init, '--no-gate')
  expect([asked.code, asked.published]).toEqual([0, true])
  expect(asked.stderr).toContain('warning: not compared with the boot contract, as asked for; zos may not start it')
  expect(JSON.parse(asked.stdout).images[0]).not.toHaveProperty('gate')
})

test('with --boot what does not keep running is not published', async () => {
  const { code, published, stderr } = await up('ends', { content: '#!/bin/sh\necho bye\n', mode: '0755' }, '--boot')
  expect([code, published]).toEqual([3, false])
  expect(stderr).toMatch(
    /recipes\/images\/ends\/image\.yaml: it was not ready: the entrypoint ended; last on the console/,
  )
})

test('with --boot what runs is published: the flist that was started', async () => {
  const { code, published, stderr, stdout } = await up(
    'runs',
    { content: '#!/bin/sh\nread line\n', mode: '0755' },
    '--boot',
  )
  expect([code, published], stderr).toEqual([0, true])
  const [{ gate, conversion, publication }] = JSON.parse(stdout).images
  expect(gate).toMatchObject({ lint: { mode: 'container', errors: 0 }, boot: { outcome: 'ready', mode: 'container' } })
  expect(publication.url).toContain(conversion.flist.split('/').at(-1))
})

test('both at once can not be meant', async () => {
  const { code, stderr } = await flist(['up', '--boot', '--no-gate'])
  expect([code, stderr]).toEqual([2, expect.stringContaining("option '--boot' cannot be used with option '--no-gate'")])
})
