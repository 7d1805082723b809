import { FlistError } from '../errors.ts'

/**
 * What a flist says about itself. The six keys the reference knows hold JSON; any other key holds free text (an object
 * is written as JSON there too, and comes back as its text). Rows keep the order of the keys.
 */
export type FlistMetadata = {
  /** Where consumers get chunks from; `host` and `port` are what rfs needs */
  readonly backend?: {
    readonly socket?: string
    readonly namespace?: string
    readonly password?: string
    readonly host?: string
    readonly port?: number
  }
  readonly entrypoint?: readonly string[]
  readonly environ?: Readonly<Record<string, string>>
  /** Port of the container, like `tcp/80`, to port of the host */
  readonly port?: Readonly<Record<string, number>>
  /** Path in the container to path of the host */
  readonly volume?: Readonly<Record<string, { readonly host?: string }>>
  readonly readme?: { readonly readme: string; readonly license?: string }
  readonly [key: string]: string | object
}

type Rule = { readonly expected: string; holds(value: unknown): boolean }

const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    backend: {
      expected: 'an object with texts "host", "namespace", "password", "socket" and a number "port"',
      holds: (value) =>
        isFields(value, { host: isText, namespace: isText, password: isText, socket: isText, port: isNumber }),
    },
    entrypoint: {
      expected: 'a list of texts',
      holds: (value) => Array.isArray(value) && value.every(isText),
    },
    environ: { expected: 'an object of texts', holds: (value) => isRecord(value, isText) },
    port: { expected: 'an object of port numbers', holds: (value) => isRecord(value, isNumber) },
    volume: {
      expected: 'an object of objects with a text "host"',
      holds: (value) => isRecord(value, (entry) => isFields(entry, { host: isText })),
    },
    readme: {
      expected: 'an object with the texts "readme" and "license"',
      holds: (value) => isFields(value, { readme: isText, license: isText }) && 'readme' in value,
    },
  } satisfies Record<string, Rule>),
)

/** The rows of a flist's table of metadata, as jansson would print them. Throws `invalid` with all problems. */
export function encodeMetadata(metadata: FlistMetadata): [key: string, text: string][] {
  const problems: string[] = []
  for (const [key, value] of Object.entries(metadata)) {
    const rule = RULES.get(key)
    if (rule !== undefined && !rule.holds(value)) problems.push(`"${key}" must be ${rule.expected}`)
    else if (typeof value !== 'string' && !isObject(value)) problems.push(`"${key}" must be a text or an object`)
  }
  if (problems.length > 0) throw new FlistError('invalid', `flist metadata: ${problems.join('; ')}`)
  return Object.entries(metadata).map(([key, value]) => [key, typeof value === 'string' ? value : printJson(value)])
}

/** Levels of objects and lists a row needs, with some to spare: more would only exhaust the stack of who prints it. */
const MAX_DEPTH = 8

/** Reads the rows back. `name` stands for the flist in messages. Throws `corrupt` with all problems. */
export function decodeMetadata(rows: ReadonlyMap<string, string>, name: string): FlistMetadata {
  const problems: string[] = []
  const entries = [...rows].map(([key, text]): [string, string | object] => {
    const rule = RULES.get(key)
    if (rule === undefined) return [key, text]
    const value = parseJson(text)
    if (!isObject(value) || isDeeper(value, MAX_DEPTH) || !rule.holds(value))
      problems.push(`"${key}" must be ${rule.expected}`)
    return [key, isObject(value) ? value : text]
  })
  if (problems.length > 0) {
    throw new FlistError(
      'corrupt',
      `${name}: metadata ${problems.join('; ')}; write the flist again with right metadata`,
    )
  }
  // As own properties: a row may be called "__proto__".
  return Object.fromEntries(entries)
}

/** JSON as jansson's `json_dumps` prints it: `", "` and `": "` between things, everything else as `JSON.stringify`. */
function printJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printJson).join(', ')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}: ${printJson(field)}`).join(', ')}}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isDeeper(value: unknown, depth: number): boolean {
  return isObject(value) && (depth === 0 || Object.values(value).some((field) => isDeeper(field, depth - 1)))
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isRecord(value: unknown, holds: (field: unknown) => boolean): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value) && Object.values(value).every(holds)
}

/** An object whose fields, where they are there and known, hold what they should. */
function isFields(value: unknown, fields: Record<string, (field: unknown) => boolean>): value is object {
  if (!isRecord(value, () => true)) return false
  return Object.entries(fields).every(([name, holds]) => value[name] === undefined || holds(value[name]))
}
