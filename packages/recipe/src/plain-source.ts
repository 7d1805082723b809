import { readPlainYaml } from './plain-yaml.ts'
import type { Location } from './problem.ts'
import { insideScalar } from './written-scalar.ts'
import type { PlainNode } from './yaml-cursor.ts'
import type { YamlPath, YamlSource } from './yaml-source.ts'

/** What {@link readPlainYaml} reads, with its places; undefined for what it leaves to others. */
export function readPlainSource(file: string, text: string): YamlSource | undefined {
  const root = readPlainYaml(text)
  if (!root) return undefined
  let starts: readonly number[] | undefined
  const locate = (offset: number): Location => {
    starts ??= lineStarts(text)
    const line = lineAt(starts, offset)
    return { file, line: line + 1, column: offset - (starts[line] ?? 0) + 1 }
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

/** The offsets at which the lines of a text start. */
function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** The line, from 0, that an offset is in. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low
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
