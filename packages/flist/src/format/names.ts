/** The longest name Linux takes, in bytes. */
export const MAX_NAME_BYTES = 255

/** The longest path the reference and Linux take, in bytes. */
export const MAX_PATH_BYTES = 4095

/** Says why a byte string cannot be the name of an entry; `undefined` when it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'has no name'
  if (name === '.' || name === '..') return 'is a name that leads elsewhere'
  if (name.includes('/') || !isPathText(name)) return 'has a "/", a NUL or a char that is no byte in its name'
  if (name.length > MAX_NAME_BYTES) return `has a name of ${name.length} bytes, over ${MAX_NAME_BYTES}`
  return undefined
}

/** Whether a text is a byte string that can be part of a path: one byte per char, no NUL. */
export function isPathText(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0 || code > 0xff) return false
  }
  return true
}

/** A path (byte string) in quotes for people; the root is `"/"`. */
export function quotePath(path: string): string {
  return JSON.stringify(`/${Buffer.from(path, 'latin1').toString('utf8')}`)
}
