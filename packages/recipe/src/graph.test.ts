import { expect, test } from 'vitest'
import { buildOrder } from './build-order.ts'
import { formatMermaid, imagesOnTop, imagesWith, recipeGraph } from './graph.ts'
import { PROJECT, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'

const WEB = 'recipes/snippets/web/snippet.yaml'

async function load() {
  return loadRecipes(
    await project({
      'recipes/snippets/tls/snippet.yaml': 'description: Certificates\nrun: [make-certificates]\n',
      [WEB]: `requires: [tls]\n${PROJECT[WEB]}`,
      'recipes/images/shop/image.yaml': 'description: x\nbase: { image: site }\n',
      'recipes/images/other/image.yaml': 'description: x\nbase: debian:12\nsnippets: [tls]\n',
    }),
  )
}

test('the graph has what images are built on and what they are made of, each node with its shape once', async () => {
  const recipes = await load()
  expect(formatMermaid(recipeGraph(recipes, ['base', 'site']))).toBe(`flowchart LR
  base0[("debian:12")] ==> image1["base"]
  snippet2(["runit"]) -.-> image1
  image1 ==> image3["site"]
  snippet4(["web"]) -.-> image3
  snippet5(["tls"]) --> snippet4
`)
})

test('a snippet touches the images that have it and those on top', async () => {
  const recipes = await load()
  const order = buildOrder(recipes)
  expect(imagesWith(recipes, 'tls', order)).toEqual(['other', 'site', 'shop'])
  expect(imagesWith(recipes, 'runit', order)).toEqual(['base', 'site', 'shop'])
  expect(imagesOnTop(recipes, ['site'], order)).toEqual(['shop'])
})
