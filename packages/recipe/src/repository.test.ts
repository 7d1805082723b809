import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildOrder } from './build-order.ts'
import { catalogueEntries, fillCatalogue } from './catalogue.ts'
import { compareContexts } from './contexts.ts'
import { recipeSchemas } from './json-schemas.ts'
import { loadRecipes } from './recipes.ts'
import { imageReference, snippetReference } from './reference-docs.ts'
import { renderImage } from './render.ts'
import { snippetRuns } from './scenario-image.ts'
import { loadVms } from './vm.ts'

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

/** The folders with a Dockerfile of the catalogue before recipes. */
const FOLDERS = `
  algorand alpine arch_mycelium aydo btcnode casper centos-9 crystaltools dagu debian docker-ssh forum forum-3
  gitea gitea_mycelium hero holochain ipfs_cluster jenkins jitsi k3s mariadb mariadb_aio mastodon mattermost_aio
  monitor mycelium nextcloud nixos/microvm nomad/client nomad/server nostr_relay-mycelium owncloud peertube
  presearch staticwebsite subsquid taiga tfrobot ubuntu20.04 ubuntu22.04/microvm ubuntu23.10 ubuntu24.04/microvm
  ubuntu_20_debug ubuntu_base/ubuntu_devenv ubuntu_devenv ubuntu_docker umbrel wordpress`

test('every Dockerfile of the old catalogue has an image in its place, and each of these is tested', async () => {
  const recipes = await loadRecipes(ROOT)
  const entries = catalogueEntries(recipes)
  expect(entries.map(({ folder }) => folder)).toEqual(FOLDERS.trim().split(/\s+/))
  expect(entries.filter(({ image }) => recipes.images.get(image)?.tests.length === 0)).toEqual([])
  expect(entries.filter(({ obstacle }) => obstacle === undefined).length).toBeGreaterThanOrEqual(12)
})

test('every snippet has scenarios, whose images render', async () => {
  const recipes = await loadRecipes(ROOT)
  const without = [...recipes.snippets.values()].filter(({ tests }) => tests.length === 0)
  expect(without.map(({ name }) => name)).toEqual([])
  for (const name of recipes.snippets.keys()) expect(snippetRuns(recipes, name).length, name).toBeGreaterThan(0)
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

test('the virtual machines of this repository are complete', async () => {
  const vms = await loadVms(ROOT)
  for (const { name, checks } of vms.values()) expect(checks.length, name).toBeGreaterThan(0)
  expect([...vms.keys()]).toEqual(expect.arrayContaining(['debian-12', 'debian-12-docker', 'nginx']))
})
