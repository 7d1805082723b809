import { inspect } from 'node:util'

/** Takes secrets out of what may be shown. */
export type Redaction = {
  readonly text: (text: string) => string
  /** Whether an error and all it carries can be shown: a parser's error may hold the bytes of an answer. */
  readonly allows: (cause: unknown) => boolean
}

/** Redacts one secret, and its form in a URL or a JSON text; without a secret nothing is changed. */
export function redactionOf(secret: string | undefined): Redaction {
  const forms = secret === undefined ? [] : [...new Set([secret, encodeURIComponent(secret), escaped(secret)])]
  const text = (shown: string) => forms.reduce((rest, form) => rest.replaceAll(form, '***'), shown)
  const allows = (cause: unknown) => {
    const shown = inspect(cause, { depth: 8 })
    return text(shown) === shown
  }
  return { text, allows }
}

function escaped(secret: string): string {
  return JSON.stringify(secret).slice(1, -1)
}
