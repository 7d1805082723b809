import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ImageReport, Plan } from '../../packages/pipeline/src/index.ts'
import { flist } from '../harness/command.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** The plan before and after what is done, with a real engine: the same decision, and reasons from the images themselves. */
let world: World
let root: string
beforeAll(async () => {
  world = await createWorld()
  root = join(world.folder, 'recipe')
  const base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder)
  await writeRecipes(root, {
    ...recipesWithBase(base),
    'snippets/greet/snippet.yaml': { description: 'Greets', version: '1.0', run: ['echo hello > /etc/motd'] },
    'images/below/image.yaml': { description: 'Below', base: 'tiny', snippets: ['greet'] },
    'images/above/image.yaml': { description: 'Above', base: { image: 'below' }, cmd: ['/bin/sh'] },
  })
})
afterAll(async () => world[Symbol.asyncDispose]())

const run = (...words: string[]) => flist([...words, '--root', root, '--json'], { env: world.env })

async function plan(): Promise<string[]> {
  const { code, stdout, stderr } = await run('plan')
  expect(code, stderr).toBe(0)
  const { images }: Plan = JSON.parse(stdout)
  return images.map(({ name, action, reasons }) => `${name} ${action}: ${reasons.map(({ text }) => text).join('; ')}`)
}

async function up(...words: string[]): Promise<{ code: number | null; stderr: string; reports: ImageReport[] }> {
  const { code, stdout, stderr } = await run('up', '--no-gate', '--work', join(root, 'work'), ...words)
  return { code, stderr, reports: JSON.parse(stdout).images }
}

test('what is planned is done, and then there is nothing to do', async () => {
  expect(await plan()).toEqual(['below build: never built', 'above build: below, which it is built on, is built first'])
  const alone = await up('above', '--only')
  expect(alone.code).toBe(1)
  expect(alone.stderr).toContain('its base image "below" is not built as its recipe is now; bring it up first')

  expect((await up('below', '--only')).reports.map(({ name }) => name)).toEqual(['below'])
  expect((await plan())[1]).toBe('above build: never built')
  expect((await up('above', '--only')).reports.map(({ name }) => name)).toEqual(['above'])
  expect(await plan()).toEqual([expect.stringMatching(/^below nothing/), expect.stringMatching(/^above nothing/)])
})

test('a link that drifted is moved back, and nothing is built or converted for it', async () => {
  const link = join(world.folder, 'hub', 'users', account, 'above.flist')
  await rm(link)
  await symlink('below.flist', link)
  expect((await plan())[1]).toMatch(
    /^above relink: link drifted: above\.flist leads to below\.flist, and not to above-/,
  )
  const { reports } = await up('above', '--only')
  expect(reports.map(({ status }) => status)).toEqual(['relinked'])
  expect((await plan())[1]).toMatch(/^above nothing/)
})

test('what changed is told from the label of the image that users have', async () => {
  await writeRecipes(root, {
    'snippets/greet/snippet.yaml': { description: 'Greets', version: '1.1', run: ['echo hi > /etc/motd'] },
  })
  expect((await plan())[0]).toBe('below build: snippet greet 1.0 → 1.1')
  await up('below')
  expect((await plan())[1]).toBe('above build: below, which it is built on, was built again')
})
