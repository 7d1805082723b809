import { DEEPEST, isKey, readFlowOrText, readKey } from './plain-flow.ts'
import { type Cursor, expect, match, NotPlain, type PlainKey, type PlainNode } from './yaml-cursor.ts'

/** What ends a document or a line in another way, and what no text has. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const STRANGE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]|^(?:---|\.\.\.|%)/m
const LITERAL = /[|>]-?(?=\n)/y
const LINE_END = / *(?: #[^\n]*)?(?:\n|$)/y
const BLANK_LINES = /(?: *(?:#[^\n]*)?(?:\n|$))*/y

/**
 * Reads YAML as recipes mostly are: mappings and lists, texts that end in their line, numbers, brackets and block literals. What is
 * not that, or wrong in any way, gives undefined and is for a complete reader. What is read here, is read as that does it, in a
 * tenth of the time: with many recipes it is most of the work.
 */
export function readPlainYaml(text: string): PlainNode | undefined {
  if (STRANGE.test(text)) return undefined
  try {
    const cursor = { text, at: 0 }
    const indent = nextLine(cursor)
    const node = indent === 0 ? readBlock(cursor, 0, 0) : undefined
    return cursor.at === text.length ? node : undefined
  } catch (error) {
    if (error instanceof NotPlain) return undefined
    throw error
  }
}

/** Passes blank lines and comments; the cursor then stands in front of the first character of a line, whose column is answered. */
function nextLine(cursor: Cursor): number {
  match(cursor, BLANK_LINES)
  const start = cursor.at
  while (cursor.text[cursor.at] === ' ') cursor.at++
  return cursor.at === cursor.text.length ? -1 : cursor.at - start
}

/** A mapping or list that begins at the cursor, in this column; what follows it is further left. */
function readBlock(cursor: Cursor, column: number, depth: number): PlainNode {
  if (depth > DEEPEST) throw new NotPlain()
  return isItem(cursor) ? readItems(cursor, column, depth) : readEntries(cursor, column, depth)
}

function isItem({ text, at }: Cursor): boolean {
  return text[at] === '-' && text[at + 1] === ' '
}

function isBracket({ text, at }: Cursor): boolean {
  return text[at] === '[' || text[at] === '{'
}

/** Whether one more of the same block follows; where what follows is no part of it, the cursor is at the start of that line. */
function follows(cursor: Cursor, column: number): boolean {
  const found = nextLine(cursor)
  if (found > column) throw new NotPlain()
  if (found === column) return true
  if (found >= 0) cursor.at -= found
  return false
}

function readItems(cursor: Cursor, column: number, depth: number): PlainNode {
  const { at: start } = cursor
  const items: PlainNode[] = []
  do {
    if (!isItem(cursor)) {
      // A key of the mapping around it, whose lists need not stand further right.
      cursor.at -= column
      break
    }
    const { at } = cursor
    cursor.at += 2
    while (cursor.text[cursor.at] === ' ') cursor.at++
    const inner = column + cursor.at - at
    const isBlock = isItem(cursor) || isKey(cursor)
    items.push(isBlock ? readBlock(cursor, inner, depth + 1) : readInline(cursor, column, depth))
  } while (follows(cursor, column))
  return { kind: 'list', start, items, value: items.map(({ value }) => value) }
}

function readEntries(cursor: Cursor, column: number, depth: number): PlainNode {
  const { at: start } = cursor
  const keys: PlainKey[] = []
  const value: Record<string, unknown> = {}
  do {
    const { at } = cursor
    const name = readKey(cursor, value)
    const node = match(cursor, LINE_END) ? readBelow(cursor, column, depth) : readInline(cursor, column, depth)
    keys.push({ name, start: at, node })
    value[name] = node.value
  } while (follows(cursor, column))
  return { kind: 'map', start, keys, value }
}

/** The value of a key that ends its line: a block or brackets further right, or a list in the same column. */
function readBelow(cursor: Cursor, column: number, depth: number): PlainNode {
  const inner = nextLine(cursor)
  if (inner > column && isBracket(cursor)) return readInline(cursor, column, depth)
  if (inner > column || (inner === column && isItem(cursor))) return readBlock(cursor, inner, depth + 1)
  throw new NotPlain()
}

/** A value that begins in the line of its key or dash. */
function readInline(cursor: Cursor, column: number, depth: number): PlainNode {
  while (cursor.text[cursor.at] === ' ') cursor.at++
  const { at: start } = cursor
  if (match(cursor, LITERAL)) return readLiteral(cursor, start, column)
  const node = readFlowOrText(cursor, column, depth, false)
  expect(cursor, LINE_END)
  return node
}

/** The lines of a block literal, from the end of the line with its mark on; they stand further right than `column`. */
function readLiteral(cursor: Cursor, start: number, column: number): PlainNode {
  const { text } = cursor
  const keep = text[cursor.at - 1] !== '-'
  const isFolded = text[start] === '>'
  const lines: string[] = []
  let indent = -1
  let at = cursor.at + 1
  while (at < text.length) {
    const found = text.indexOf('\n', at)
    const end = found < 0 ? text.length : found
    const line = text.slice(at, end)
    const left = line.search(/[^ ]/)
    if (line !== '' && (left < 0 || found < 0)) throw new NotPlain()
    if (left >= 0 && left <= column) break
    if (left >= 0 && indent < 0) indent = left
    if (left >= 0 && left < indent) throw new NotPlain()
    // Lines that stand further right are not folded, nor is what is around them; nor are empty ones in front.
    if (isFolded && (left > indent || lines[0] === '')) throw new NotPlain()
    lines.push(line.slice(indent))
    at = end + 1
  }
  if (indent < 0) throw new NotPlain()
  cursor.at = Math.min(at, text.length)
  const body = lines.join('\n').replace(/\n+$/, '')
  const folded = isFolded ? body.replaceAll(/\n+/g, (breaks) => breaks.slice(1) || ' ') : body
  return { kind: isFolded ? 'folded' : 'literal', start, end: start, value: keep ? `${folded}\n` : folded }
}
