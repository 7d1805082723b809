import { describe, expect, test } from 'vitest'
import { buildOrder } from './build-order.ts'
import { PROJECT, problemsOf, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'
import { traceDockerfile } from './source-map.ts'

const RECIPES = 'recipes/recipes.yaml'
const SITE = 'recipes/images/site/image.yaml'
const SHOP = 'recipes/images/shop/image.yaml'

const twoBases = {
  [RECIPES]: `${PROJECT[RECIPES]}  debian:13: { reference: docker.io/library/debian:13, family: debian }\n`,
}

async function load(changes: Parameters<typeof project>[0]) {
  return loadRecipes(await project(changes))
}

async function dockerfileOf(name: string, changes: Parameters<typeof project>[0]) {
  return (
    renderImage(await load(changes), name)
      .files.get('Dockerfile')
      ?.content.toString() ?? ''
  )
}

describe('an image that extends another', () => {
  const site = {
    [SITE]: `description: A site
base: { image: base }
snippets:
  - web: { port: 8080, greeting: hi }
files: [{ target: /etc/a, content: a }, { target: /etc/b, content: b }]
environment: { A: "1", B: "2" }
labels: { org.example.kind: site }
`,
  }

  test('starts from what that says, and replaces entry by entry', async () => {
    const image = renderImage(
      await load({
        ...site,
        'recipes/snippets/pay/snippet.yaml': 'description: Payments\nrun: [set-up-payments]\n',
        [SHOP]: `description: A shop
extends: site
snippets:
  - web: { greeting: welcome }
  - pay
files: [{ target: /etc/b, content: mine }]
environment: { B: "3" }
`,
      }),
      'shop',
    )
    const text = image.files.get('Dockerfile')?.content.toString() ?? ''
    expect(text).toContain("RUN web-setup --greeting 'welcome'\n")
    expect(text).toContain('RUN set-up-payments\n')
    expect(text).toContain('EXPOSE 8080\n')
    expect(text).toContain('ENV A="1" \\\n    B="3"\n')
    expect(text).toContain('org.opencontainers.image.title="shop"')
    expect(text).toContain('org.example.kind="site"')
    expect(image.files.get('files/etc/a')?.content.toString()).toBe('a')
    expect(image.files.get('files/etc/b')?.content.toString()).toBe('mine')
    expect(image.sources.slice(0, 3)).toEqual([RECIPES, SITE, SHOP])
  })

  test('an abstract one makes no image', async () => {
    const changes = { [SITE]: `abstract: true\n${site[SITE]}`, [SHOP]: 'description: A shop\nextends: site\n' }
    expect(buildOrder(await load(changes))).toEqual(['base', 'shop'])
  })

  test.each([
    ['unknown', 'extends: sit', `${SHOP}:2:10: no image "sit"; did you mean "site"?`],
    ['itself', 'extends: shop', `${SHOP}:2:10: image "shop" extends itself: shop → shop`],
    [
      'nothing and has no base',
      'cmd: [a]',
      `${SHOP}:1:14: image "shop" has no base; add "base: …", or "extends: …" with an image that has one`,
    ],
  ])('%s', async (_, line, problem) => {
    expect(await problemsOf({ [SHOP]: `description: A shop\n${line}\n` })).toContain(problem)
  })
})

describe('variants', () => {
  const image = (lines: string) => ({
    ...twoBases,
    [SITE]: null,
    [SHOP]: `description: Shop {{version}} {{x}}\n${lines}`,
  })
  const matrix = `variants:
  matrix: { version: ["1.0", "2.0"], base: ["debian:12", "debian:13"] }
  exclude: [{ version: "1.0", base: "debian:13" }]
supervisor: runit
snippets:
  - web: { greeting: "v{{version}} {{y}}" }
environment: { VERSION: "{{ version }}" }
`

  test('are images of their own, one for every combination that is not left out', async () => {
    expect(buildOrder(await load(image(matrix)))).toEqual([
      'base',
      'shop-1.0-debian-12',
      'shop-2.0-debian-12',
      'shop-2.0-debian-13',
    ])
  })

  test('the values of axes are put in; other braces are text', async () => {
    const text = await dockerfileOf('shop-2.0-debian-13', image(matrix))
    expect(text).toContain('ARG BASE=docker.io/library/debian:13\n')
    expect(text).toContain("web-setup --greeting 'v2.0 {{y}}'")
    expect(text).toContain('ENV VERSION="2.0"\n')
    expect(text).toContain('org.opencontainers.image.description="Shop 2.0 {{x}}"')
  })

  test.each([
    ['a combination there is none of', 'version: "1.0"', 'version: "3.0"', /no variant has "version: 3.0"/],
    ['values that make no name', '"2.0"]', '"2.0!"]', /variant "shop-2.0!-debian-12" is no name of an image/],
    ['values that make one name', '"2.0"]', '"1.0"]', /variant "shop-1.0-debian-12" is the name of two of them/],
    ['a number, of which YAML would drop the zero', '"1.0", ', '1.0, ', /is a number, expected a text/],
    ['a base there is none of', '"debian:13"] }\n', '"debian:13", "debian:14"] }\n', /no base "debian:14"/],
  ])('%s', async (_, from, to, problem) => {
    expect((await problemsOf(image(matrix.replace(from, to)))).join('\n')).toMatch(problem)
  })

  test('an image of the same name', async () => {
    const other = { 'recipes/images/shop-1.0-debian-12/image.yaml': 'description: x\nbase: debian:12\n' }
    expect(await problemsOf({ ...image(matrix), ...other })).toEqual([
      `recipes/images/shop-1.0-debian-12/image.yaml:1:14: image "shop-1.0-debian-12" is also made by ${SHOP}; rename one of the two`,
    ])
  })
})

describe('instructions of an image', () => {
  const fragment = (text: string) => ({ [SITE]: `description: A site\nbase: { image: base }\ndockerfile: |\n${text}` })

  test('are taken as they are, after the files, and lead to their lines', async () => {
    const recipes = await load(fragment('  # why\n  RUN a \\\n\n   && b {{c}}\n  WORKDIR /srv\n'))
    const lines = traceDockerfile(renderImage(recipes, 'site'))
    const start = lines.findIndex(({ text }) => text === '# why')
    expect(lines.slice(start, start + 6).map(({ text, origin }) => `${origin?.line}: ${text}`)).toEqual([
      '4: # why',
      '5: RUN a \\',
      '6: ',
      '7:  && b {{c}}',
      '8: WORKDIR /srv',
      'undefined: ',
    ])
  })

  test.each([
    ['  FROM scratch\n', `${SITE}:4:3: a fragment stays in the stage of its image; write it under "stages"`],
    ['  RUN a\n  COPPY a b\n', `${SITE}:5:3: no instruction "COPPY"; did you mean "COPY"?`],
    ['  RUN a \\\n', `${SITE}:4:3: the last instruction goes on after its end; remove the backslash`],
    ['  RUN cat <<EOF\n', `${SITE}:4:3: here-documents need BuildKit; put the text into a file`],
  ])('%j', async (text, problem) => {
    expect(await problemsOf(fragment(text))).toEqual([problem])
  })
})
