import { describe, expect, test } from 'vitest'
import { PROJECT, problemsOf, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { imageRuns, snippetRuns } from './scenario-image.ts'

const WEB = PROJECT['recipes/snippets/web/snippet.yaml']
const SITE = PROJECT['recipes/images/site/image.yaml']
const WITH_TESTS = {
  'recipes/snippets/web/snippet.yaml': `${WEB}tests:
  - base: debian:12
    supervisor: runit
    options: { port: 8080 }
    environment: { GREETING: hello there }
    timeout: 20
    expect:
      - service: web
      - { port: 8080, name: it answers }
      - { command: cat /etc/web.conf, expect: "8080" }
      - { file: /etc/web.conf, contains: port, mode: "0644" }
  - { name: bare, base: debian:12, supervisor: runit, expect: [{ file: /etc/web.conf }] }
`,
  'recipes/images/site/image.yaml': `${SITE}tests:
  - port: 8080
  - { environment: { LEVEL: debug }, expect: [{ service: web }] }
  - file: /etc/web.conf
`,
}

test('a scenario of a snippet is an image with the snippet, and what must hold in it', async () => {
  const recipes = await loadRecipes(await project(WITH_TESTS))
  const [first, second] = snippetRuns(recipes, 'web')
  expect(first?.scenario).toMatchObject({
    name: 'debian:12, runit, port 8080',
    location: { file: 'recipes/snippets/web/snippet.yaml', line: 17, column: 5 },
    environment: new Map([['GREETING', 'hello there']]),
    timeout: 20,
    expect: [
      { kind: 'service', service: 'web', location: { line: 23, column: 9 } },
      { kind: 'port', port: 8080, name: 'it answers' },
      { kind: 'command', command: 'cat /etc/web.conf', expect: '8080' },
      { kind: 'file', path: '/etc/web.conf', contains: 'port', mode: 0o644, location: { line: 26, column: 9 } },
    ],
  })
  expect(first?.supervisor).toBe('runit')
  expect(first?.services).toEqual(new Map([['web', 'longrun']]))
  expect(first?.image.files.get('Dockerfile')?.content.toString()).toContain('EXPOSE 8080')
  expect(second?.scenario).toMatchObject({ name: 'bare', timeout: 60 })
  expect([...recipes.images.keys()]).toEqual(['base', 'site'])
})

test('checks of an image that stand alone are of one container', async () => {
  const runs = imageRuns(await loadRecipes(await project(WITH_TESTS)), 'site')
  expect(runs.map(({ scenario: { name, expect } }) => [name, expect.map(({ kind }) => kind)])).toEqual([
    ['as it is', ['port', 'file']],
    ['with LEVEL "debug"', ['service']],
  ])
})

test('an image that extends another has its tests, unless it has some itself; a variant puts its values in', async () => {
  const tests = 'tests: [{ command: web --version, expect: "{{version}}" }]\n'
  const root = await project({
    'recipes/images/child/image.yaml': `description: A child
extends: site
variants: { matrix: { version: ["1", "2"] } }
${tests}`,
    'recipes/images/other/image.yaml': 'description: Other\nextends: site\n',
    'recipes/images/site/image.yaml': WITH_TESTS['recipes/images/site/image.yaml'],
  })
  const recipes = await loadRecipes(root)
  const expected = (name: string) => imageRuns(recipes, name).flatMap(({ scenario }) => scenario.expect)
  expect(expected('child-2')).toMatchObject([{ kind: 'command', command: 'web --version', expect: '2' }])
  expect(expected('other')).toHaveLength(3)
})

describe('tests that can not be run are told with the recipes', () => {
  const web = (tests: string) => ({ 'recipes/snippets/web/snippet.yaml': `${WEB}tests:\n  - ${tests}\n` })
  const site = (tests: string) => ({ 'recipes/images/site/image.yaml': `${SITE}tests:\n  - ${tests}\n` })
  const FILE = 'recipes/snippets/web/snippet.yaml'
  const IMAGE = 'recipes/images/site/image.yaml'

  test.each([
    ['{ port: http }', `${IMAGE}:6:13: "tests.0.port" is a text, expected a number`],
    ['{ prot: 80 }', `${IMAGE}:6:5: "tests.0" needs one of "command", "port", "file" and "service"`],
    [
      '{ port: 80, file: /x }',
      `${IMAGE}:6:5: "tests.0" needs one of "command", "port", "file" and "service", and this has "port" and "file"`,
    ],
    ['{ port: 80, mode: "0644" }', `${IMAGE}:6:23: "tests.0.mode" belongs to a check of a file`],
    ['{ environment: { A: b }, expect: [] }', `${IMAGE}:6:38: "tests.0.expect" expects nothing`],
    ['{ service: wbe }', `${IMAGE}:6:5: the image has no service "wbe"; did you mean "web"?`],
  ])('of an image: %s', async (tests, problem) => {
    expect(await problemsOf(site(tests))).toContain(problem)
  })

  test.each([
    ['{ base: debian:13, expect: [{ port: 80 }] }', `${FILE}:17:13: no base "debian:13" in recipes/recipes.yaml`],
    [
      '{ base: debian:12, supervisor: runit, options: { port: x }, expect: [{ port: 80 }] }',
      `${FILE}:17:60: option "port" of "web" is a text, expected a number`,
    ],
    ['{ base: debian:12, supervisor: runit, with: [wbe], expect: [{ port: 80 }] }', `${FILE}:17:50: no snippet "wbe"`],
    ['{ base: debian:12, expect: [{ port: 80 }] }', `${FILE}:17:5: snippet "web" has services, but nothing`],
  ])('of a snippet: %s', async (tests, problem) => {
    expect((await problemsOf(web(tests))).join('\n')).toContain(problem)
  })
})
