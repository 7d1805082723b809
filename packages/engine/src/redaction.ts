/** Replaces what must not be shown. */
export type Redact = (text: string) => string

const mask = '***'

/**
 * Hides the given secrets in texts for people. A secret of several lines is hidden line by line, because texts come line by line;
 * lines shorter than four characters would hide too much of everything else and are left.
 */
export function createRedactor(secrets: Iterable<string>): Redact {
  const parts = new Set(
    [...secrets].flatMap((secret) => secret.split(/\r?\n/)).filter((part) => part.trim().length >= 4),
  )
  const longestFirst = [...parts].sort((a, b) => b.length - a.length)
  if (longestFirst.length === 0) return (text) => text
  return (text) => longestFirst.reduce((shown, secret) => shown.replaceAll(secret, mask), text)
}

const secretName = /token|secret|passw|credential|(^|_)key(_|$)|api_?key/i

/** Values of build arguments whose name says that they are secret. */
export function secretArguments(buildArgs: Readonly<Record<string, string>>): string[] {
  return Object.entries(buildArgs).flatMap(([name, value]) => (secretName.test(name) ? [value] : []))
}
