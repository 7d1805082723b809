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
import type { Location, Report } from './problem.ts'
import { insideScalar, type WrittenScalar } from './written-scalar.ts'
import type { YamlPath, YamlSource } from './yaml-source.ts'

/** Aliases may repeat a node this often; more is an attempt to exhaust memory, or a mistake. */
const MAX_ALIASES = 100

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
