/** An answer of the hub, read. */
export type HubAnswer = {
  readonly status: number
  /** The body; undefined when it was longer than the caller takes. */
  readonly text: string | undefined
  /** `Location`, of a redirect. */
  readonly location: string | undefined
}

type JsonObject = { readonly [key: string]: unknown }

const LONGEST_EXCERPT = 200
const LONGEST_LOOK = 4000

/** Narrows an unknown value to a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The body as JSON; undefined when it is none. */
export function readJson(answer: HubAnswer): unknown {
  try {
    return JSON.parse(answer.text ?? '')
  } catch {
    return undefined
  }
}

/** The `message` of a JSON error, whichever layer of the hub made it; undefined for other bodies. */
export function errorMessage(answer: HubAnswer): string | undefined {
  const json = readJson(answer)
  return isObject(json) && json.status === 'error' && typeof json.message === 'string' ? json.message : undefined
}

/** What an answer says in a few words: a JSON error's message, the title of an HTML page, or the start of the text. */
export function summarize(answer: HubAnswer): string {
  const message = errorMessage(answer)
  if (message !== undefined) return shorten(message)
  // Looking for tags takes time that grows with the square of the length.
  const text = (answer.text ?? '').slice(0, LONGEST_LOOK)
  const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1]
  const said = shorten(title ?? text.replace(/<[^>]*>/g, ' '))
  return said === '' ? 'an empty answer' : said
}

function shorten(text: string): string {
  const line = text
    .slice(0, LONGEST_LOOK)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  return line.length > LONGEST_EXCERPT ? `${line.slice(0, LONGEST_EXCERPT)}…` : line
}
