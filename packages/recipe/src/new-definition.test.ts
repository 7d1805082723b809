import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createImage, createSnippet } from './new-definition.ts'
import { project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'

test('what is written loads', async () => {
  const root = await project()
  expect(await createSnippet(root, 'cron', { description: 'Runs jobs: at times', packages: ['cron'] })).toBe(
    'recipes/snippets/cron/snippet.yaml',
  )
  await createImage(root, 'jobs', { description: 'x', base: { image: 'base' }, snippets: ['cron'] })
  expect(await readFile(join(root, 'recipes/images/jobs/image.yaml'), 'utf8')).toBe(
    `# yaml-language-server: $schema=../../schemas/image.schema.json
description: x
base:
  image: base
snippets:
  - cron
`,
  )
  expect((await loadRecipes(root)).images.get('jobs')?.snippets.map(({ name }) => name)).toEqual(['cron'])
})

test('nothing is overwritten', async () => {
  const root = await project()
  await expect(createImage(root, 'site', { description: 'x', base: 'debian:12' })).rejects.toMatchObject({
    code: 'exists',
    message: 'recipes/images/site/image.yaml: it is already there; choose another name, or edit it',
  })
})

test.each(['../x', 'X', 'a/b', ''])('%j is no name', async (name) => {
  await expect(createSnippet(await project(), name, { description: 'x' })).rejects.toMatchObject({ code: 'invalid' })
})

test('a definition that would not load is not written', async () => {
  await expect(createImage(await project(), 'x', { description: ' ', base: 'debian:12' })).rejects.toThrow(
    'image "x": is empty: say in a sentence what it is for',
  )
})
