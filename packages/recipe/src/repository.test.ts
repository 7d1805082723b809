import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildOrder } from './build-order.ts'
import { fillCatalogue } from './catalogue.ts'
import { compareContexts } from './contexts.ts'
import { recipeSchemas } from './json-schemas.ts'
import { loadRecipes } from './recipes.ts'
import { imageReference, snippetReference } from './reference-docs.ts'
import { renderImage } from './render.ts'

/** The recipes of this repository. */
const ROOT = join(import.meta.dirname, '../../..')

test('the committed Dockerfiles are what the recipes render', async () => {
  const recipes = await loadRecipes(ROOT)
  const rendered = buildOrder(recipes).map((name) => renderImage(recipes, name))
  const drift = await compareContexts(ROOT, rendered, { complete: true })
  expect(drift.map(({ diff }) => diff).join('\n')).toBe('')
})

test('the table of the catalogue is what the recipes say', async () => {
  const page = await readFile(join(ROOT, 'docs/catalogue.md'), 'utf8')
  expect(page).toBe(fillCatalogue(page, await loadRecipes(ROOT)))
})

test.each([...recipeSchemas()])('%s is what the code accepts', async (name, text) => {
  expect(await readFile(join(ROOT, 'recipes/schemas', name), 'utf8')).toBe(text)
})

test('the pages about snippets and images are what the recipes say', async () => {
  const recipes = await loadRecipes(ROOT)
  expect(await readFile(join(ROOT, 'docs/snippets.md'), 'utf8')).toBe(snippetReference(recipes))
  expect(await readFile(join(ROOT, 'docs/images.md'), 'utf8')).toBe(imageReference(recipes))
})

describe('editors find the schema of every recipe file', async () => {
  const definitions = /(?:^|\/)(?:recipes|image|snippet|vm)\.yaml$/
  const files = (await readdir(join(ROOT, 'recipes'), { recursive: true })).filter((file) => definitions.test(file))

  test.each(files)('%s', async (file) => {
    const [first = ''] = (await readFile(join(ROOT, 'recipes', file), 'utf8')).split('\n')
    const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)$/.exec(first) ?? []
    const path = join(ROOT, 'recipes', file, '..', schema)
    expect(path).toBe(join(ROOT, 'recipes/schemas', file.replace(/^.*\//, '').replace('.yaml', '.schema.json')))
    expect(recipeSchemas().has(path.replace(/^.*\//, ''))).toBe(true)
  })
})
