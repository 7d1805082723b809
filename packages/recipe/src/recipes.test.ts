import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RecipeError } from './problem.ts'
import { PROJECT, problemsOf, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'

const SITE = 'recipes/images/site/image.yaml'
const WEB = 'recipes/snippets/web/snippet.yaml'

/** site/image.yaml with these lines after its description and base. */
const site = (lines: string) => ({ [SITE]: `description: A site\nbase: { image: base }\n${lines}` })
const options = (options: string) => site(`snippets:\n  - web: ${options}\n`)

test('the definitions of a project', async () => {
  const recipes = await loadRecipes(await project())
  expect(recipes.registry).toBe('registry.example/images')
  expect([...recipes.bases.keys()]).toEqual(['debian:12'])
  expect([...recipes.snippets.keys()]).toEqual(['runit', 'web'])
  expect([...recipes.images.keys()]).toEqual(['base', 'site'])
})

describe('images are told as they are rendered', () => {
  const told = async (files: Parameters<typeof project>[0]) => {
    const names: string[] = []
    const onRendered = ({ name }: { readonly name: string }) => void names.push(name)
    const loaded = await loadRecipes(await project(files), { onRendered }).then(
      () => true,
      () => false,
    )
    return { names, loaded }
  }
  const onSite = { 'recipes/images/above/image.yaml': 'description: On the site\nbase: { image: site }\n' }

  test('after what they are built on', async () => {
    expect(await told(onSite)).toEqual({ names: ['base', 'site', 'above'], loaded: true })
  })

  test('until one is wrong, and what is on that is not told', async () => {
    const wrong = site('snippets:\n  - web: { greeting: "a\\nb" }\nlabels: { a: "a\\nb" }\n')
    expect(await told({ ...onSite, ...wrong })).toEqual({ names: ['base'], loaded: false })
  })
})

describe('the keyring of a base', () => {
  const text = `registry: registry.example/images
bases:
  debian:12:
    reference: docker.io/library/debian:12
    family: debian
    bootstrap: { tool: mmdebstrap, release: bookworm, components: [main], keyring: keys/archive.gpg }
`

  test('is a file of the recipes', async () => {
    const root = await project({ 'recipes/recipes.yaml': text, 'recipes/keys/archive.gpg': 'keys' })
    const base = (await loadRecipes(root)).bases.get('debian:12')
    expect(base?.bootstrap?.keyring).toBe(join(root, 'recipes/keys/archive.gpg'))
  })

  test('has to be there', async () => {
    const problems = await problemsOf({ 'recipes/recipes.yaml': text })
    expect(problems).toEqual(['recipes/recipes.yaml:6:84: no file "keys/archive.gpg" in recipes/'])
  })
})

describe('recipes.yaml', () => {
  test.each<[string, string | null, string]>([
    ['is missing', null, 'recipes/recipes.yaml:1:1: the file is missing; it names the registry and the bases'],
    ['is empty', '', 'recipes/recipes.yaml:1:1: the file is empty, expected a mapping'],
    ['has no bases', 'registry: r.io/x\n', 'recipes/recipes.yaml:1:1: "bases" is missing'],
    [
      'has an unknown family',
      'registry: r.io/x\nbases:\n  a: { reference: a, family: debain }\n',
      'recipes/recipes.yaml:3:30: "bases.a.family" is "debain"; did you mean "debian"?',
    ],
    [
      'has a registry in upper case',
      'registry: GHCR.io/X\nbases: {}\n',
      'recipes/recipes.yaml:1:11: "registry" is no registry: write it like "ghcr.io/owner/project", in lower case',
    ],
  ])('%s', async (_, text, problem) => {
    expect(await problemsOf({ 'recipes/recipes.yaml': text })).toContain(problem)
  })
})

/** web/snippet.yaml with a line replaced. */
const web = (line: string, by: string) => ({ [WEB]: (PROJECT[WEB] ?? '').replace(line, by) })

test('all problems of all files are reported at once, in order', async () => {
  const problems = await problemsOf({
    'recipes/recipes.yaml': `${PROJECT['recipes/recipes.yaml']}regsitry: x\n`,
    ...web('{{hosts}}', '{{host}}'),
    ...site('snippets: [nope]\nlabels: { a: 1 }\n'),
    'recipes/images/other/image.yaml': 'description: x\nbase: { image: nowhere }\n',
  })
  expect(problems.map((problem) => problem.split(': ')[0])).toEqual([
    'recipes/images/other/image.yaml:2:16',
    `${SITE}:4:14`,
    'recipes/recipes.yaml:4:1',
    `${WEB}:12:41`,
  ])
})

test('what names a definition that can not be read is not a problem of its own', async () => {
  expect(await problemsOf({ [WEB]: 'description: 1\n' })).toEqual([
    `${WEB}:1:14: "description" is a number, expected a text; put it in quotes: "1"`,
  ])
})

test('problems are data as well', async () => {
  const root = await project(options('{ prot: 1 }'))
  const error = await loadRecipes(root).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(RecipeError)
  expect(error).toMatchObject({
    code: 'invalid',
    problems: [
      { file: SITE, line: 4, column: 18, message: 'snippet "web" has no option "prot"', hint: 'did you mean "port"?' },
    ],
  })
})

test('links out of the recipes are not followed', async () => {
  const root = await project(site('files:\n  - { target: /x, source: passwd }\n'))
  await symlink('/etc/passwd', join(root, 'recipes/images/site/passwd'))
  await expect(loadRecipes(root)).rejects.toThrow('no file "recipes/images/site/passwd"')
})
