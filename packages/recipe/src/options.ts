import { unusableText } from './dockerfile.ts'
import type { Location, Report } from './problem.ts'
import type { OptionDefinition } from './snippet-schema.ts'
import { suggest } from './suggestion.ts'
import type { TemplateValue } from './template-helpers.ts'
import { typeName } from './validation.ts'

export type OptionDefinitions = ReadonlyMap<string, OptionDefinition>
export type OptionValues = ReadonlyMap<string, TemplateValue>

/** The values an image sets, and where each stands. */
export type GivenOptions = ReadonlyMap<string, { readonly value: unknown; readonly location: Location }>

/** What is wrong with a value for an option, and the remedy where there is one; nothing when it fits. */
export function optionFault(
  definition: OptionDefinition,
  value: unknown,
): { message: string; hint?: string } | undefined {
  switch (definition.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : mismatch('true or false', value)
    case 'number':
      return typeof value === 'number' ? numberFault(definition, value) : mismatch('a number', value)
    case 'string':
      return typeof value === 'string' ? textFault(value, definition.pattern) : mismatch('a text', value)
    case 'enum':
      return enumFault(definition.values, value)
    case 'list':
      return listFault(value, definition.pattern)
  }
}

/** The value of every option: what the image gives, else the default. Problems are reported where the value stands. */
export function resolveOptions(
  snippet: string,
  definitions: OptionDefinitions,
  given: GivenOptions,
  location: Location,
  report: Report,
): OptionValues {
  for (const [name, { location }] of given) {
    if (definitions.has(name)) continue
    const hint = suggest(name, definitions.keys()) ?? (definitions.size === 0 ? 'it has no options' : undefined)
    report(location, `snippet "${snippet}" has no option "${name}"`, hint)
  }
  const values = new Map<string, TemplateValue>()
  for (const [name, definition] of definitions) {
    const entry = given.get(name)
    const value = entry === undefined ? definition.default : entry.value
    if (value === undefined) {
      report(location, `snippet "${snippet}" needs the option "${name}"`, definition.description)
      continue
    }
    const fault = entry === undefined ? undefined : optionFault(definition, value)
    if (entry && fault) report(entry.location, `option "${name}" of "${snippet}" ${fault.message}`, fault.hint)
    else values.set(name, value as TemplateValue)
  }
  return values
}

type Fault = { message: string; hint?: string }

function mismatch(expected: string, value: unknown): Fault {
  const hint = expected === 'a text' && typeof value === 'number' ? { hint: `put it in quotes: "${value}"` } : {}
  return { message: `is ${typeName(value)}, expected ${expected}`, ...hint }
}

type NumberLimits = {
  readonly integer?: boolean | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
}

function numberFault({ integer, minimum, maximum }: NumberLimits, value: number): Fault | undefined {
  if (!Number.isFinite(value)) return { message: `is ${value}, which is no finite number` }
  if (integer && !Number.isSafeInteger(value)) return { message: `is ${value}, expected a whole number` }
  if (minimum !== undefined && value < minimum) return { message: `is ${value}, expected at least ${minimum}` }
  if (maximum !== undefined && value > maximum) return { message: `is ${value}, expected at most ${maximum}` }
  return undefined
}

function textFault(value: string, pattern: string | undefined): Fault | undefined {
  const unusable = unusableText(value)
  if (unusable !== undefined) return { message: unusable }
  if (pattern === undefined || new RegExp(`^(?:${pattern})$`, 'u').test(value)) return undefined
  return { message: `is ${JSON.stringify(value)}, which does not match ${pattern}` }
}

function enumFault(values: readonly string[], value: unknown): Fault | undefined {
  if (typeof value !== 'string') return mismatch('a text', value)
  if (values.includes(value)) return undefined
  const hint = suggest(value, values)
  return { message: `is ${JSON.stringify(value)}, which is none of its values`, ...(hint ? { hint } : {}) }
}

function listFault(value: unknown, pattern: string | undefined): Fault | undefined {
  if (!Array.isArray(value)) return mismatch('a list', value)
  for (const [index, item] of value.entries()) {
    const fault = typeof item === 'string' ? textFault(item, pattern) : mismatch('a text', item)
    if (fault) return { ...fault, message: `has an item ${index + 1} that ${fault.message}` }
  }
  return undefined
}
