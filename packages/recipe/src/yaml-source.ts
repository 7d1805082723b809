import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml'
import { readPlainYaml } from './plain-yaml.ts'
import type { Location, Report } from './problem.ts'
import type { PlainNode } from './yaml-cursor.ts'

/** The keys and indexes that lead to a value of a YAML file. */
export type YamlPath = readonly PropertyKey[]

/** A YAML file that was read, with the place of every value in it. */
export type YamlSource = {
  readonly file: string
  /** Plain data: null, booleans, numbers, strings, arrays and objects. */
  readonly value: unknown
  /** Where the value at `path` starts; where its nearest parent starts when there is no such value. */
  at(path: YamlPath): Location
  /** Where the key that ends `path` stands. */
  atKey(path: YamlPath): Location
  /** Where a line and column (from 1) inside the text of the string at `path` stand in the file. */
  within(path: YamlPath, line: number, column: number): Location
}

/** Aliases may repeat a node this often; more is an attempt to exhaust memory, or a mistake. */
const MAX_ALIASES = 100

/**
 * Reads YAML 1.2. Syntax errors, duplicate keys and unknown tags are reported with their place; then nothing is returned.
 */
export function readYaml(file: string, text: string, report: Report): YamlSource | undefined {
  const plain = readPlainYaml(text)
  return plain ? plainSource(file, text, plain) : readAnyYaml(file, text, report)
}

/** Reads YAML of any kind, and knows what is wrong with it. */
export function readAnyYaml(file: string, text: string, report: Report): YamlSource | undefined {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  const locate = (offset: number): Location => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const faults = [...document.errors, ...document.warnings]
  for (const fault of faults) report(locate(fault.pos[0]), `YAML: ${fault.message.replaceAll('\n', ' ')}`)
  if (faults.length > 0) return undefined
  if (reportUnresolved(document, (alias) => locate(alias.range?.[0] ?? 0), report)) return undefined
  const value = plainValue(document, (message) => report(locate(0), message))
  if (value === undefined) return undefined
  const place = (path: YamlPath, key: boolean): Location => locate(offsetOf(document, path, key))
  return {
    file,
    value,
    at: (path) => place(path, false),
    atKey: (path) => place(path, true),
    within: (path, line, column) => {
      const node = path.reduce<ParsedNode | null>(
        (parent, segment) => child(document, parent, segment)?.value ?? null,
        document.contents,
      )
      return insideScalar(place(path, false), scalarOf(node), text, line, column)
    },
  }
}

const KINDS: Readonly<Record<string, WrittenScalar['kind']>> = {
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
  PLAIN: 'plain',
}

function scalarOf(node: ParsedNode | null): WrittenScalar | undefined {
  if (!isScalar(node) || typeof node.value !== 'string') return undefined
  const { type, value, range } = node
  const kind = type === undefined ? 'quoted' : (KINDS[type] ?? 'quoted')
  return { kind, value, start: range[0], end: range[1] }
}

function plainSource(file: string, text: string, root: PlainNode): YamlSource {
  let lines: LineCounter | undefined
  const locate = (offset: number): Location => {
    lines ??= countLines(text)
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const place = (path: YamlPath, key: boolean): Location => locate(plainOffset(root, path, key))
  return {
    file,
    value: root.value,
    at: (path) => place(path, false),
    atKey: (path) => place(path, true),
    within: (path, line, column) => {
      const node = path.reduce<PlainNode | undefined>((parent, segment) => plainChild(parent, segment)?.node, root)
      const scalar =
        node && 'end' in node && typeof node.value === 'string' ? { ...node, value: node.value } : undefined
      return insideScalar(place(path, false), scalar, text, line, column)
    },
  }
}

function countLines(text: string): LineCounter {
  const lines = new LineCounter()
  for (let at = 0; at > 0 || lines.lineStarts.length === 0; at = text.indexOf('\n', at) + 1) lines.addNewLine(at)
  return lines
}

function plainOffset(root: PlainNode, path: YamlPath, key: boolean): number {
  let node: PlainNode = root
  let offset = node.start
  for (const [depth, segment] of path.entries()) {
    const step = plainChild(node, segment)
    if (step === undefined) return offset
    const wantKey = key && depth === path.length - 1
    offset = wantKey ? (step.start ?? offset) : step.node.start
    node = step.node
  }
  return offset
}

function plainChild(
  node: PlainNode | undefined,
  segment: PropertyKey,
): { readonly start?: number; readonly node: PlainNode } | undefined {
  if (node?.kind === 'map') return node.keys.find(({ name }) => name === String(segment))
  const item = node?.kind === 'list' ? node.items[Number(segment)] : undefined
  return item && { node: item }
}

function reportUnresolved(document: Document.Parsed, locate: (alias: Alias) => Location, report: Report): boolean {
  let found = false
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return
      found = true
      report(locate(alias), `YAML: no anchor "${alias.source}" before its alias`)
    },
  })
  return found
}

function plainValue(document: Document.Parsed, report: (message: string) => void): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) ?? null
  } catch (error) {
    report(`YAML: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

/** The offset of the value (or of the key) at the path, or of the deepest parent that exists. */
function offsetOf(document: Document.Parsed, path: YamlPath, key: boolean): number {
  let node: ParsedNode | null = document.contents
  let offset = node?.range[0] ?? 0
  for (const [depth, segment] of path.entries()) {
    const step = child(document, node, segment)
    if (step === undefined) return offset
    const wantKey = key && depth === path.length - 1
    offset = (wantKey ? step.key : (step.value ?? step.key))?.range[0] ?? offset
    node = step.value
  }
  return offset
}

type Step = { readonly key: ParsedNode | null; readonly value: ParsedNode | null }

function child(document: Document.Parsed, node: ParsedNode | null, segment: PropertyKey): Step | undefined {
  const target = isAlias(node) ? (node.resolve(document) as ParsedNode | undefined) : node
  if (isMap<ParsedNode, ParsedNode | null>(target)) {
    const pair = target.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment))
    return pair && { key: pair.key, value: pair.value }
  }
  if (!isSeq<ParsedNode>(target)) return undefined
  const item = target.items[Number(segment)]
  return item && { key: null, value: item }
}

/** A text as it is written in a file: its value, and where its first and last characters are, quotes included. */
type WrittenScalar = {
  readonly kind: 'plain' | 'quoted' | 'literal' | 'folded'
  readonly value: string
  readonly start: number
  readonly end: number
}

/**
 * A block literal keeps its lines, so a place in its text has an exact place in the file; so has a scalar on one line.
 * For the rest (folded text) the start of the scalar has to do.
 */
function insideScalar(
  start: Location,
  scalar: WrittenScalar | undefined,
  text: string,
  line: number,
  column: number,
): Location {
  if (!scalar) return start
  if (scalar.kind === 'literal') {
    const wanted = scalar.value.split('\n')[line - 1] ?? ''
    const written = text.split('\n')[start.line + line - 1] ?? ''
    const indent = Math.max(written.replace(/\r$/, '').length - wanted.length, 0)
    return { file: start.file, line: start.line + line, column: indent + column }
  }
  const oneLine = scalar.kind !== 'folded' && line === 1 && !text.slice(scalar.start, scalar.end).includes('\n')
  if (!oneLine) return start
  const quote = scalar.kind === 'plain' ? 0 : 1
  return { ...start, column: start.column + quote + column - 1 }
}
