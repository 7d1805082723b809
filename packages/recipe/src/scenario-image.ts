import type { ImageBase, ImageDefinition } from './image.ts'
import { type Problem, RecipeError, type Report, reportInto } from './problem.ts'
import type { Recipes } from './recipes.ts'
import { type RenderedImage, renderResolved } from './render.ts'
import { type Definitions, imageResolver, type ResolvedImage, resolveNamed } from './resolution.ts'
import type { Scenario, SnippetScenario } from './scenario.ts'
import type { Snippet } from './snippet.ts'
import { suggest } from './suggestion.ts'
import type { SupervisorName } from './supervisor.ts'

/** A container to start and what must hold in it; of an image that is built first. */
export type TestRun = {
  readonly scenario: Scenario
  /** The image the container is of. */
  readonly image: RenderedImage
  /** What starts the services in it, if anything does. */
  readonly supervisor?: SupervisorName
  /** Its services. A one-shot is up when it has run. */
  readonly services: ReadonlyMap<string, 'oneshot' | 'longrun'>
}

/**
 * The scenarios of a snippet, each with an image made for it alone.
 *
 * @throws {RecipeError} `unknown-snippet`
 */
export function snippetRuns(recipes: Recipes, name: string): TestRun[] {
  const snippet = recipes.snippets.get(name)
  if (!snippet) {
    const known = [...recipes.snippets.keys()].join(', ')
    throw new RecipeError('unknown-snippet', `recipes/snippets: no snippet "${name}"; known: ${known}`)
  }
  return snippet.tests.map((scenario, index) => {
    const definition = imageOf(snippet, scenario, index)
    return testRun(scenario, resolveNamed({ ...recipes, images: only(definition) }, definition.name), recipes)
  })
}

/**
 * The tests of an image.
 *
 * @throws {RecipeError} `unknown-image`
 */
export function imageRuns(recipes: Recipes, name: string): TestRun[] {
  const resolved = resolveNamed(recipes, name)
  return resolved.definition.tests.map((scenario) => testRun(scenario, resolved, recipes))
}

/** What is wrong with the scenarios of snippets: each makes an image, which has to render. */
export function checkScenarios(
  recipes: Recipes,
  { bases, snippets, unreadable }: Definitions,
  problems: Problem[],
): void {
  const report = reportInto(problems)
  for (const snippet of snippets.values()) {
    for (const [index, scenario] of snippet.tests.entries()) {
      const definition = imageOf(snippet, scenario, index)
      const resolved = imageResolver({ bases, snippets, unreadable, images: only(definition) }, report)(definition.name)
      if (!resolved) continue
      checkExpectations(resolved, [scenario], report)
      problems.push(...renderProblems(resolved, recipes))
    }
  }
}

/** Services that are asked for but that nothing starts. */
export function checkExpectations(
  { services, supervisor }: ResolvedImage,
  tests: readonly Scenario[],
  report: Report,
): void {
  for (const check of tests.flatMap(({ expect }) => expect)) {
    if (check.kind !== 'service' || services.has(check.service)) continue
    // Units of packages are systemd's alone.
    if (supervisor?.snippet === 'systemd' && check.service.includes('.')) continue
    const hint = supervisor ? suggest(check.service, services.keys()) : 'nothing starts services here: add "supervisor"'
    report(check.location, `the image has no service "${check.service}"`, hint)
  }
}

/** What only shows when values meet the places they are put in. */
export function renderProblems(
  resolved: ResolvedImage,
  recipes: Recipes,
  keep: (image: RenderedImage) => void = () => {},
): readonly Problem[] {
  try {
    keep(renderResolved(resolved, recipes))
    return []
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error
    return error.problems
  }
}

function testRun(scenario: Scenario, resolved: ResolvedImage, recipes: Recipes): TestRun {
  const services = [...resolved.services].map(([name, { definition }]) => [name, definition.type] as const)
  return {
    scenario,
    image: renderResolved(resolved, recipes),
    ...(resolved.supervisor ? { supervisor: resolved.supervisor.snippet } : {}),
    services: new Map(services),
  }
}

function only(definition: ImageDefinition): ReadonlyMap<string, ImageDefinition> {
  return new Map([[definition.name, definition]])
}

function imageOf({ name, file }: Snippet, scenario: SnippetScenario, index: number): ImageDefinition {
  const { base, supervisor, options, location } = scenario
  return {
    ...bareImage(`${name}-test-${index + 1}`, file, { kind: 'base', ...base }),
    location,
    ...(supervisor ? { supervisor } : {}),
    snippets: [...scenario.with, { name, options, location }],
  }
}

/**
 * A snippet alone on a base, with the defaults of its options.
 *
 * @throws {RecipeError} `invalid` when it is not for this base
 */
export function renderSnippet(recipes: Recipes, name: string, base: string): RenderedImage {
  const file = recipes.snippets.get(name)?.file ?? ''
  const location = { file, line: 1, column: 1 }
  const definition = {
    ...bareImage(`only-${name}`, file, { kind: 'base', name: base, location }),
    snippets: [{ name, options: new Map(), location }],
  }
  return renderResolved(resolveNamed({ ...recipes, images: only(definition) }, definition.name), recipes)
}

function bareImage(name: string, file: string, base: ImageBase): ImageDefinition {
  return {
    name,
    description: `Made to try ${file}`,
    location: base.location,
    file,
    sources: [file],
    base,
    snippets: [],
    packages: [],
    files: [],
    environment: new Map(),
    ports: [],
    volumes: [],
    labels: new Map(),
    context: [],
    stages: [],
    tests: [],
  }
}
