import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildObstacle } from '../../packages/recipe/src/build-obstacle.ts'
import { loadRecipes, snippetRuns } from '../../packages/recipe/src/index.ts'
import { flist, repository } from '../harness/command.ts'
import { startRegistry, type TestRegistry } from '../harness/registry.ts'

/**
 * Every scenario of the snippets of this repository that the archives of Debian and Ubuntu are enough for, in containers; the
 * bases are made of the archives where no public registry answers.
 */
const recipes = await loadRecipes(repository)
const snippets = [...recipes.snippets.keys()].flatMap((name) => {
  const free = snippetRuns(recipes, name).filter(({ image }) => buildObstacle(recipes, image) === undefined)
  return free.length > 0 ? [[name, free.map(({ scenario }) => scenario.location.line)] as const] : []
})

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})
afterAll(() => registry[Symbol.asyncDispose]())

test('they are most of what there is', () => {
  expect(snippets.length).toBeGreaterThan(recipes.snippets.size / 2)
})

test.each(snippets)('%s', async (name, lines) => {
  const { stdout, stderr } = await flist(['test', 'snippet', name, '--json', '--registry', `${registry.host}/images`])
  expect(stdout, stderr).not.toBe('')
  const { scenarios } = JSON.parse(stdout) as { scenarios: { passed: boolean; place: { line: number } }[] }
  const asked = scenarios.filter(({ place }) => lines.includes(place.line))
  expect(asked).toHaveLength(lines.length)
  expect(asked.filter(({ passed }) => !passed)).toEqual([])
})
