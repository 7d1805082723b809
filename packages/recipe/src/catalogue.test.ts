import { expect, test } from 'vitest'
import { catalogueEntries, fillCatalogue } from './catalogue.ts'
import { project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'

const HASH = 'a'.repeat(64)
const PAGE =
  'before\n<!-- generated from recipes/images: begin -->\nold\n<!-- generated from recipes/images: end -->\nafter\n'

const image = (base: string, rest = '') => `description: A b
base: ${base}
notes: |
  One | two.
  Three.
catalogue: { folder: old, was: "debian:10, dead" }
${rest}`

const RECIPES = `registry: registry.example/images
bases:
  debian:12:
    reference: docker.io/library/debian:12
    family: debian
    bootstrap: { tool: mmdebstrap, release: bookworm, components: [main] }
  debian:13: { reference: docker.io/library/debian:13, family: debian }
`
const TOOL = `description: A tool
downloads:
  - target: /opt/tool
    architectures: { amd64: { url: "https://files.example/tool", sha256: ${HASH} } }
`

test('an image without "catalogue" is not in the catalogue', async () => {
  expect(catalogueEntries(await loadRecipes(await project()))).toEqual([])
})

test('a row says what the image was and is, with its notes on one line', async () => {
  const root = await project({ 'recipes/recipes.yaml': RECIPES, 'recipes/images/new/image.yaml': image('debian:12') })
  const page = fillCatalogue(PAGE, await loadRecipes(root))
  expect(page).toMatch(/^before\n<!--.*begin -->\n/)
  expect(page).not.toContain('old\n')
  expect(page).toMatch(/<!--.*end -->\nafter\n$/)
  expect(page).toContain('\n1 images; 1 of them are built from the archives of distributions alone.\n')
  const cells = ['[`new`](../recipes/images/new/image.yaml)', '`old`: debian:10, dead', 'on `debian:12`: A b']
  expect(page).toContain(`\n| ${cells.join(' | ')} | One \\| two. Three. | yes |\n`)
})

test('filling a page twice changes nothing', async () => {
  const recipes = await loadRecipes(await project({ 'recipes/images/new/image.yaml': image('debian:12') }))
  const page = fillCatalogue(PAGE, recipes)
  expect(fillCatalogue(page, recipes)).toBe(page)
})

test('a page without the marks is refused', async () => {
  const recipes = await loadRecipes(await project())
  expect(() => fillCatalogue('# Catalogue\n', recipes)).toThrow(/lacks the lines "<!-- generated/)
})

test.each<[string, string, string | undefined]>([
  ['packages of a base that can be bootstrapped', image('debian:12'), undefined],
  ['a base that can not', image('debian:13'), '`debian:13` comes from a registry'],
  ['a download', image('debian:12', 'snippets: [tool]\n'), 'loads from files.example'],
  ['a download of the image it is built on', image('{ image: below }'), 'loads from files.example'],
])('what it takes to build: %s', async (_, text, obstacle) => {
  const root = await project({
    'recipes/recipes.yaml': RECIPES,
    'recipes/snippets/tool/snippet.yaml': TOOL,
    'recipes/images/below/image.yaml': 'description: Below\nbase: debian:12\nsnippets: [tool]\n',
    'recipes/images/new/image.yaml': text,
  })
  expect(catalogueEntries(await loadRecipes(root)).map((entry) => entry.obstacle)).toEqual([obstacle])
})
