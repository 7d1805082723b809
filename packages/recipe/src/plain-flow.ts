import { type Cursor, expect, match, NotPlain, type PlainKey, type PlainNode } from './yaml-cursor.ts'

const KEY = /[A-Za-z_][\w./-]*(?::[\w./-]+)*:(?=[ \n]|$)/y
const SPECIAL = /^(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE|__proto__)$/
const NUMBER = /^(?:0|[1-9][0-9]{0,14})$/
/** All other numbers of the core schema (YAML 1.2.2, 10.3.2). What else begins with a digit is a text: a version, an address, a hash. */
const OTHER_NUMBER =
  /^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const PLAIN = /(?:[A-Za-z0-9_/.$(~=+;<^\\]|-[A-Za-z0-9-])[^\n]*/y
const FLOW_PLAIN = /(?:[A-Za-z0-9_/.$(~=+;<^\\]|-[A-Za-z0-9-])[^\n,[\]{}]*/y
const DOUBLE = /"((?:[^"\\\n]|\\["\\nt])*)"/y
const SINGLE = /'((?:[^'\n]|'')*)'/y
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', t: '\t' }
/** Values in each other. */
export const DEEPEST = 20
const LONGEST_KEY = 200

/** Whether a key of a mapping is at the cursor. */
export function isKey(cursor: Cursor): boolean {
  KEY.lastIndex = cursor.at
  return KEY.test(cursor.text)
}

/** The key at the cursor, and its colon; one that is not known yet. */
export function readKey(cursor: Cursor, known: Readonly<Record<string, unknown>>): string {
  const name = expect(cursor, KEY)[0].slice(0, -1)
  if (name.length > LONGEST_KEY || SPECIAL.test(name) || Object.hasOwn(known, name)) throw new NotPlain()
  return name
}

/** A value that may stand in brackets: a text, a number, or brackets, whose lines stand further right than `column`. */
export function readFlowOrText(cursor: Cursor, column: number, depth: number, inFlow: boolean): PlainNode {
  const { at: start, text } = cursor
  if (depth > DEEPEST) throw new NotPlain()
  switch (text[start]) {
    case '[':
      return readFlowList(cursor, column, depth)
    case '{':
      return readFlowMap(cursor, column, depth)
    case '"': {
      const [, inner = ''] = expect(cursor, DOUBLE)
      const value = inner.includes('\\') ? inner.replaceAll(/\\(.)/g, (_, mark) => ESCAPES[mark] ?? '') : inner
      return { kind: 'quoted', start, end: cursor.at, value }
    }
    case "'": {
      const [, inner = ''] = expect(cursor, SINGLE)
      return { kind: 'quoted', start, end: cursor.at, value: inner.replaceAll("''", "'") }
    }
    default:
      return readPlain(cursor, inFlow)
  }
}

function readPlain(cursor: Cursor, inFlow: boolean): PlainNode {
  const { at: start } = cursor
  const [line] = expect(cursor, inFlow ? FLOW_PLAIN : PLAIN)
  const comment = line.indexOf(' #')
  const written = (comment < 0 ? line : line.slice(0, comment)).trimEnd()
  if (written.includes(': ') || written.endsWith(':') || (inFlow && comment >= 0)) throw new NotPlain()
  cursor.at = start + written.length
  return { kind: 'plain', start, end: cursor.at, value: plainValue(written) }
}

function plainValue(text: string): unknown {
  if (NUMBER.test(text)) return Number(text)
  if (text === 'true' || text === 'false') return text === 'true'
  if (SPECIAL.test(text) || OTHER_NUMBER.test(text)) throw new NotPlain()
  return text
}

const OPEN = /[[{]/y
const COMMA = / *,/y
const BREAKS = /[ \n]*/y

/** Blanks and line breaks inside of brackets. What stands in a new line stands further right than what the value belongs to. */
function skipBreaks(cursor: Cursor, column: number): void {
  const { at } = cursor
  match(cursor, BREAKS)
  const line = cursor.text.lastIndexOf('\n', cursor.at - 1)
  if (line >= at && cursor.at - line - 1 <= column) throw new NotPlain()
}

function readFlowList(cursor: Cursor, column: number, depth: number): PlainNode {
  const { at: start } = cursor
  const items: PlainNode[] = []
  readFlow(cursor, column, ']', () => {
    items.push(isKey(cursor) ? readPair(cursor, column, depth + 1) : readFlowOrText(cursor, column, depth + 1, true))
  })
  return { kind: 'list', start, items, value: items.map(({ value }) => value) }
}

/** A mapping of one key in a list, which needs no brackets of its own. */
function readPair(cursor: Cursor, column: number, depth: number): PlainNode {
  const { at: start } = cursor
  const name = readKey(cursor, {})
  while (cursor.text[cursor.at] === ' ') cursor.at++
  const node = readFlowOrText(cursor, column, depth + 1, true)
  return { kind: 'map', start, keys: [{ name, start, node }], value: { [name]: node.value } }
}

function readFlowMap(cursor: Cursor, column: number, depth: number): PlainNode {
  const { at: start } = cursor
  const keys: PlainKey[] = []
  const value: Record<string, unknown> = {}
  readFlow(cursor, column, '}', () => {
    const { at } = cursor
    const name = readKey(cursor, value)
    skipBreaks(cursor, column)
    const node = readFlowOrText(cursor, column, depth + 1, true)
    keys.push({ name, start: at, node })
    value[name] = node.value
  })
  return { kind: 'map', start, keys, value }
}

/** What is between brackets, with commas between, and perhaps one at the end. */
function readFlow(cursor: Cursor, column: number, bracket: string, readOne: () => void): void {
  expect(cursor, OPEN)
  skipBreaks(cursor, column)
  while (cursor.text[cursor.at] !== bracket) {
    readOne()
    skipBreaks(cursor, column)
    const more = match(cursor, COMMA)
    skipBreaks(cursor, column)
    if (!more && cursor.text[cursor.at] !== bracket) throw new NotPlain()
  }
  cursor.at++
}
