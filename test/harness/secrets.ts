import { expect } from 'vitest'

/** A token as it may appear in a text: as it is, encoded for a URL, in base64, in hex. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  // In base64 it looks different behind one or two other bytes; the middle part is the same.
  const shifted = ['', 'x', 'xx'].map((prefix) =>
    Buffer.from(prefix + secret)
      .toString('base64')
      .slice(4, -4),
  )
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...shifted, bytes.toString('base64url')]
}

/** Fails when one of the texts has one of the secrets, without showing it. */
export function expectNoSecret(texts: readonly string[], secrets: Iterable<string>): void {
  const all = texts.join('\n')
  const found = [...secrets].flatMap((secret, index) =>
    formsOf(secret).flatMap((form, kind) => (all.includes(form) ? [`secret ${index}, form ${kind}`] : [])),
  )
  expect(found).toEqual([])
}
