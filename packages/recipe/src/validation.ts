import type * as z from 'zod'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import type { Report } from './problem.ts'
import { suggest } from './suggestion.ts'
import type { YamlPath, YamlSource } from './yaml-source.ts'

type Issue = z.core.$ZodIssue

/** Checks a YAML file against its schema; every mismatch is reported at its place, then nothing is returned. */
export function validate<T extends z.ZodType>(schema: T, source: YamlSource, report: Report): z.output<T> | undefined {
  const result = schema.safeParse(source.value)
  if (result.success) return result.data
  const keys = jsonSchemaOf(schema)
  for (const issue of result.error.issues) reportIssue(issue, [], { source, keys, report })
  return undefined
}

type Context = { readonly source: YamlSource; readonly keys: JsonSchema; readonly report: Report }

function reportIssue(issue: Issue, parent: YamlPath, context: Context): void {
  const path = [...parent, ...issue.path]
  const { source, report } = context
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) {
        report(source.atKey([...path, key]), `unknown key "${key}"`, suggest(key, keysAt(context.keys, path)))
      }
      break
    case 'invalid_key':
      report(source.atKey(path), `"${String(path.at(-1))}" ${issue.issues[0]?.message ?? 'is no key'}`)
      break
    case 'invalid_union':
      reportUnion(issue, path, context)
      break
    case 'invalid_type':
      reportType([issue.expected], path, context)
      break
    case 'invalid_value':
      reportChoice(issue.values.map(String), path, context)
      break
    default:
      report(source.at(path), `${nameOf(path)}${issue.message}`)
  }
}

/** Of the alternatives of a union, the one that fits best is explained: the one whose mistake is innermost, of keys it knows. */
function reportUnion(issue: z.core.$ZodIssueInvalidUnion, path: YamlPath, context: Context): void {
  const { discriminator, options } = issue as { discriminator?: string; options?: readonly unknown[] }
  const [inner] = issue.errors
    .filter((issues) => issues.some((one) => one.code !== 'invalid_type' || one.path.length > 0))
    .sort((a, b) => unknownKeys(a) - unknownKeys(b))
  if (discriminator !== undefined) reportChoice((options ?? []).map(String), path, context)
  else if (inner) for (const one of inner) reportIssue(one, path, context)
  else
    reportType(
      issue.errors.flatMap(([one]) => (one?.code === 'invalid_type' ? [one.expected] : [])),
      path,
      context,
    )
}

function unknownKeys(issues: readonly Issue[]): number {
  return issues.reduce((sum, one) => sum + (one.code === 'unrecognized_keys' ? one.keys.length : 0), 0)
}

function reportType(expected: readonly string[], path: YamlPath, { source, report }: Context): void {
  const found = valueAt(source.value, path)
  if (found === undefined) {
    report(source.at(path), `"${String(path.at(-1))}" is missing`)
    return
  }
  const names = expected.map((type) => TYPE_NAMES[type] ?? type).join(' or ')
  const quotable = expected.includes('string') && (typeof found === 'number' || typeof found === 'boolean')
  const hint = quotable ? `put it in quotes: "${found}"` : undefined
  report(source.at(path), `${nameOf(path)}is ${typeName(found)}, expected ${names}`, hint)
}

function reportChoice(choices: readonly string[], path: YamlPath, { source, report }: Context): void {
  const found = valueAt(source.value, path)
  if (found === undefined)
    report(source.at(path), `"${String(path.at(-1))}" is missing`, `one of ${choices.join(', ')}`)
  else report(source.at(path), `${nameOf(path)}is ${JSON.stringify(found)}`, suggest(String(found), choices))
}

function valueAt(value: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>((parent, key) => (parent as Record<PropertyKey, unknown> | null)?.[key], value)
}

/** The keys an object at the path may have. */
function keysAt(schema: JsonSchema, path: YamlPath): string[] {
  let candidates: readonly JsonSchema[] = [schema]
  for (const segment of path) candidates = candidates.flatMap((candidate) => childSchemas(candidate, segment))
  const objects = candidates.flatMap(alternatives)
  return [...new Set(objects.flatMap(({ properties }) => Object.keys(properties ?? {})))]
}

function childSchemas(schema: JsonSchema, segment: PropertyKey): JsonSchema[] {
  return alternatives(schema).flatMap(({ properties, additionalProperties, items }) => {
    if (typeof segment === 'number') return items ? [items] : []
    const property = properties?.[String(segment)]
    if (property) return [property]
    return typeof additionalProperties === 'object' ? [additionalProperties] : []
  })
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? [schema]
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
}

/** The type of a YAML value, in words. */
export function typeName(value: unknown): string {
  if (value === null) return 'empty'
  return TYPE_NAMES[Array.isArray(value) ? 'array' : typeof value] ?? typeof value
}

/** `"ports.0" `, in front of what is wrong with it. */
function nameOf(path: YamlPath): string {
  return path.length === 0 ? 'the file ' : `"${path.map(String).join('.')}" `
}
