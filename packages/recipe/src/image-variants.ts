import type { CheckValue } from './check-schema.ts'
import type { ImageDefinition, SnippetUse } from './image.ts'
import type { ImageYaml } from './image-schema.ts'
import { namePattern } from './names.ts'
import type { Location, Report } from './problem.ts'
import type { Scenario } from './scenario.ts'

/** The axes of an image's variants and the combinations that are left out, and where each axis stands. */
export type Variants = {
  readonly axes: ReadonlyMap<string, { readonly values: readonly string[]; readonly location: Location }>
  readonly exclude: readonly Readonly<Record<string, string>>[]
  readonly location: Location
}

/** The axis that chooses what the image is built on. */
const BASE_AXIS = 'base'

/**
 * One image for every combination of the axes, called `<image>-<value>-<value>` in the order the axes are written. The axis
 * `base` chooses the base; `{{axis}}` in the description, in options, variables, labels and tests stands for the value of any axis.
 */
export function expandVariants(image: ImageDefinition, variants: Variants, report: Report): ImageDefinition[] {
  const found = new Set<string>()
  return combinations([...variants.axes].map(([axis, { values }]) => [axis, values] as const))
    .filter(
      (choice) =>
        !variants.exclude.some((left) => Object.entries(left).every(([axis, value]) => choice.get(axis) === value)),
    )
    .flatMap((choice) => {
      const name = [image.name, ...[...choice.values()].map((value) => value.replaceAll(/[:_]/g, '-'))].join('-')
      if (!namePattern.test(name) || found.has(name)) {
        const fault = found.has(name) ? 'is the name of two of them' : 'is no name of an image'
        report(variants.location, `variant "${name}" ${fault}`, 'use other values')
        return []
      }
      found.add(name)
      return [variantOf(image, name, choice, variants)]
    })
}

export function readVariants(
  variants: ImageYaml['variants'],
  at: (path: readonly PropertyKey[]) => Location,
  report: Report,
): Variants | undefined {
  if (!variants) return undefined
  const { matrix, exclude = [] } = variants
  const axes = Object.entries(matrix).map(
    ([axis, values]) => [axis, { values, location: at(['variants', 'matrix', axis]) }] as const,
  )
  for (const [index, left] of exclude.entries()) {
    for (const [axis, value] of Object.entries(left)) {
      if (matrix[axis]?.includes(value)) continue
      report(at(['variants', 'exclude', index, axis]), `no variant has "${axis}: ${value}"`, 'correct or remove it')
    }
  }
  return { axes: new Map(axes), exclude, location: at(['variants']) }
}

type Choice = ReadonlyMap<string, string>

function combinations(axes: readonly (readonly [axis: string, values: readonly string[]])[]): Choice[] {
  return axes.reduce<Choice[]>(
    (choices, [axis, values]) =>
      choices.flatMap((choice) => values.map((value) => new Map([...choice, [axis, value]]))),
    [new Map()],
  )
}

function variantOf(image: ImageDefinition, name: string, choice: Choice, { axes }: Variants): ImageDefinition {
  const put = (text: string) => putValues(text, choice)
  const located = (values: ImageDefinition['labels']): ImageDefinition['labels'] =>
    new Map([...values].map(([key, entry]) => [key, { ...entry, value: put(entry.value) }]))
  const base = choice.get(BASE_AXIS)
  const location = axes.get(BASE_AXIS)?.location
  return {
    ...image,
    name,
    description: put(image.description),
    ...(base !== undefined && location ? { base: { kind: 'base', name: base, location } } : {}),
    snippets: image.snippets.map((use) => variantUse(use, choice)),
    environment: located(image.environment),
    labels: located(image.labels),
    tests: image.tests.map((scenario) => variantTest(scenario, choice)),
  }
}

function variantUse(use: SnippetUse, choice: Choice): SnippetUse {
  const options = [...use.options].map(
    ([option, given]) => [option, { ...given, value: putInto(given.value, choice) }] as const,
  )
  return { ...use, options: new Map(options) }
}

function variantTest(scenario: Scenario, choice: Choice): Scenario {
  const environment = [...scenario.environment].map(([name, value]) => [name, putValues(value, choice)] as const)
  const expect = scenario.expect.map(({ location, ...check }) => {
    const entries = Object.entries(check).map(([key, value]) => [key, putInto(value, choice)])
    return { ...(Object.fromEntries(entries) as CheckValue), location }
  })
  return { ...scenario, environment: new Map(environment), expect }
}

function putInto(value: unknown, choice: Choice): unknown {
  if (Array.isArray(value)) return value.map((item) => putInto(item, choice))
  return typeof value === 'string' ? putValues(value, choice) : value
}

/** Only names of axes are replaced; whatever else stands in braces is text. */
function putValues(text: string, choice: Choice): string {
  return text.replaceAll(/\{\{ *([a-z][a-z0-9_]*) *\}\}/g, (found, axis: string) => choice.get(axis) ?? found)
}
