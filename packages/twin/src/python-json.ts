/** What the hub's answers are made of. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/**
 * JSON as Python's `json.dumps` writes it by default: a space after every `,` and `:`, only ASCII. The hub's handlers and
 * its tokens are written this way, and a token's signature covers the very bytes.
 */
export function pythonJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]) => `${asciiString(key)}: ${pythonJson(member)}`)
    return `{${members.join(', ')}}`
  }
  return typeof value === 'string' ? asciiString(value) : JSON.stringify(value)
}

function asciiString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
