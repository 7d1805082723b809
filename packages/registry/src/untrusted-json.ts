import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'

/** A JSON object of somebody else. */
export type JsonObject = { readonly [key: string]: unknown }

/** Collects what is wrong with one document, so that it is reported at once. */
export type Problems = string[]

const REPORTED_PROBLEMS = 10
const LONGEST_LIST = 20_000

/** One for all: to make one costs more than to decode a manifest. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parses a document of somebody else.
 *
 * @throws RegistryError `bad-manifest` when it is not UTF-8, not JSON, or not an object
 */
export function parseJsonObject(bytes: Uint8Array, subject: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch (cause) {
    throw badDocument(subject, ['it is not JSON'], cause)
  }
  if (!isObject(value)) throw badDocument(subject, ['it is not a JSON object'])
  return value
}

/** The error of a document with these problems; the first few are in the text, all of them in `problems`. */
export function badDocument(subject: string, problems: readonly string[], cause?: unknown): RegistryError {
  const shown = problems.slice(0, REPORTED_PROBLEMS).join('; ')
  const more = problems.length > REPORTED_PROBLEMS ? `; and ${problems.length - REPORTED_PROBLEMS} more` : ''
  return new RegistryError('bad-manifest', `${subject}: ${shown}${more}; build and push the image again`, {
    problems,
    cause,
  })
}

/** Whether a JSON value is an object (not an array, not null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object that has to be there. */
export function requiredObject(
  parent: JsonObject,
  key: string,
  at: string,
  problems: Problems,
): JsonObject | undefined {
  const value = parent[key]
  if (isObject(value)) return value
  problems.push(`${at}${key} is ${value === undefined ? 'missing' : 'not an object'}`)
  return undefined
}

/** An object that may be absent or null, as Go writes an empty one. */
export function optionalObject(
  parent: JsonObject,
  key: string,
  at: string,
  problems: Problems,
): JsonObject | undefined {
  return parent[key] === undefined || parent[key] === null ? undefined : requiredObject(parent, key, at, problems)
}

/** A list that has to be there. */
export function requiredList(parent: JsonObject, key: string, at: string, problems: Problems): readonly unknown[] {
  const value = parent[key]
  if (Array.isArray(value) && value.length <= LONGEST_LIST) return value
  if (Array.isArray(value)) problems.push(`${at}${key} has more than ${LONGEST_LIST} entries`)
  else problems.push(`${at}${key} is ${value === undefined ? 'missing' : 'not a list'}`)
  return []
}

/** A text that has to be there and not be empty. */
export function requiredText(parent: JsonObject, key: string, at: string, problems: Problems): string {
  const value = parent[key]
  if (typeof value === 'string' && value !== '') return value
  problems.push(`${at}${key} is ${value === undefined ? 'missing' : 'not a text'}`)
  return ''
}

/** A text that may be absent, null or empty; these three mean the same in Go's JSON. */
export function optionalText(parent: JsonObject, key: string, at: string, problems: Problems): string | undefined {
  const value = parent[key]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  problems.push(`${at}${key} is not a text`)
  return undefined
}

/** A list of texts that may be absent or null. */
export function optionalTexts(parent: JsonObject, key: string, at: string, problems: Problems): string[] | undefined {
  const value = parent[key]
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  problems.push(`${at}${key} is not a list of texts`)
  return undefined
}

/** A map of texts that may be absent or null. */
export function optionalTextMap(
  parent: JsonObject,
  key: string,
  at: string,
  problems: Problems,
): Record<string, string> | undefined {
  const value = optionalObject(parent, key, at, problems)
  if (value === undefined) return undefined
  const texts: [string, string][] = []
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      problems.push(`${at}${key}: the value of ${quote(name, 60)} is not a text`)
      return undefined
    }
    texts.push([name, text])
  }
  return Object.fromEntries(texts)
}

/** A set, which Go writes as an object of empty objects; only the names count. */
export function optionalSet(
  parent: JsonObject,
  key: string,
  at: string,
  problems: Problems,
): Record<string, object> | undefined {
  const value = optionalObject(parent, key, at, problems)
  return value && Object.fromEntries(Object.keys(value).map((name) => [name, {}]))
}
