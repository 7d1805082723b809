import { quoteShell } from './shell.ts'

/** A value of an option as a template sees it. */
export type TemplateValue = string | number | boolean | readonly string[]

/** A value that can not stand where a template puts it. */
export class ValueRefused extends Error {
  override readonly name = 'ValueRefused'
}

type Helper = { readonly arity: number; readonly call: (...values: never[]) => unknown }

/**
 * What a template can call. `shell`, `json`, `line` and `text` quote a value for a place; `eq` compares; `join` makes one
 * text of a list.
 */
export const HELPERS: Readonly<Record<string, Helper>> = {
  shell: { arity: 1, call: (value: TemplateValue) => shellWords(value) },
  json: { arity: 1, call: (value: TemplateValue) => JSON.stringify(value) },
  line: { arity: 1, call: (value: TemplateValue) => singleLine(value) },
  text: { arity: 1, call: (value: TemplateValue) => asText(value) },
  eq: { arity: 2, call: (left: TemplateValue, right: TemplateValue) => left === right },
  join: { arity: 2, call: (list: TemplateValue, separator: TemplateValue) => [list].flat().join(String(separator)) },
}

/** The helpers that end in text that is quoted for a place. */
export const QUOTING_HELPERS: readonly string[] = ['shell', 'json', 'line', 'text']

/** A list becomes its items as words. */
function shellWords(value: TemplateValue): string {
  return [value]
    .flat()
    .map((item) => quoteShell(String(item)))
    .join(' ')
}

function asText(value: TemplateValue): string {
  if (typeof value === 'object') throw new ValueRefused('a list has no text of its own; use {{#each}} or join')
  return String(value)
}

function singleLine(value: TemplateValue): string {
  const text = asText(value)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (!/[\x00-\x08\x0a-\x1f\x7f\u0085\u2028\u2029]/.test(text)) return text
  const shown = JSON.stringify(text).replaceAll(/[\u0085\u2028\u2029]/g, '…')
  throw new ValueRefused(`${shown} has a line break or control character, which would end its line`)
}
