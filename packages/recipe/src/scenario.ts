import type { CheckValue, ImageTests, SnippetTests } from './check-schema.ts'
import type { SnippetUse } from './image.ts'
import type { GivenOptions } from './options.ts'
import type { Location } from './problem.ts'
import type { SupervisorName } from './supervisor.ts'
import type { YamlPath, YamlSource } from './yaml-source.ts'

/** Something that must hold in a container, and where a recipe says so. */
export type Check = CheckValue & { readonly location: Location }

/** A container that is started, and what must hold in it. */
export type Scenario = {
  /** What a report calls it. */
  readonly name: string
  readonly location: Location
  /** Variables it is started with. */
  readonly environment: ReadonlyMap<string, string>
  /** Seconds until everything must hold. */
  readonly timeout: number
  readonly expect: readonly Check[]
}

/** A scenario of a snippet, with what its image is made of. */
export type SnippetScenario = Scenario & {
  readonly base: { readonly name: string; readonly location: Location }
  readonly supervisor?: { readonly name: SupervisorName; readonly location: Location }
  readonly options: GivenOptions
  readonly with: readonly SnippetUse[]
}

const DEFAULT_TIMEOUT = 60

/** Checks that stand alone are of one container, which is started as it is. */
export function readImageTests(tests: ImageTests, source: YamlSource): Scenario[] {
  const plain: Check[] = []
  const scenarios: Scenario[] = []
  for (const [index, test] of tests.entries()) {
    const path = ['tests', index]
    if ('kind' in test) plain.push({ ...test, location: source.at(path) })
    else scenarios.push(readScenario(test, `with ${listed(test.environment)}`, path, source))
  }
  const [first] = plain
  if (!first) return scenarios
  const own: Scenario = {
    name: 'as it is',
    location: first.location,
    environment: new Map(),
    timeout: DEFAULT_TIMEOUT,
    expect: plain,
  }
  return [own, ...scenarios]
}

export function readSnippetTests(tests: SnippetTests, source: YamlSource): SnippetScenario[] {
  return tests.map((test, index) => {
    const path = ['tests', index]
    const { base, supervisor, options = {} } = test
    const given = Object.entries(options).map(
      ([option, value]) => [option, { value, location: source.at([...path, 'options', option]) }] as const,
    )
    const name = [base, ...(supervisor ? [supervisor] : []), ...(given.length > 0 ? [listed(options)] : [])].join(', ')
    return {
      ...readScenario(test, name, path, source),
      base: { name: base, location: source.at([...path, 'base']) },
      ...(supervisor ? { supervisor: { name: supervisor, location: source.at([...path, 'supervisor']) } } : {}),
      options: new Map(given),
      with: (test.with ?? []).map((use, position) => readUse(use, [...path, 'with', position], source)),
    }
  })
}

/** A snippet as images and scenarios list it: its name, or its name and options. */
export function readUse(
  use: string | Readonly<Record<string, Readonly<Record<string, unknown>> | null>>,
  path: YamlPath,
  source: YamlSource,
): SnippetUse {
  if (typeof use === 'string') return { name: use, options: new Map(), location: source.at(path) }
  const [[name, given] = ['', null]] = Object.entries(use)
  const options = Object.entries(given ?? {}).map(
    ([option, value]) => [option, { value, location: source.at([...path, name, option]) }] as const,
  )
  return { name, options: new Map(options), location: source.atKey([...path, name]) }
}

type ScenarioEntry = Omit<Exclude<ImageTests[number], CheckValue>, 'kind'>

function readScenario(
  { name, environment, timeout, expect }: ScenarioEntry,
  otherwise: string,
  path: YamlPath,
  source: YamlSource,
): Scenario {
  return {
    name: name ?? otherwise,
    location: source.at(path),
    environment: new Map(Object.entries(environment ?? {})),
    timeout: timeout ?? DEFAULT_TIMEOUT,
    expect: expect.map((check, index) => ({ ...check, location: source.at([...path, 'expect', index]) })),
  }
}

function listed(values: Readonly<Record<string, unknown>> | undefined): string {
  const pairs = Object.entries(values ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  return pairs.length > 0 ? pairs.join(', ') : 'no variables'
}
