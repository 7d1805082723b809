/**
 * A value of a YAML file and where it stands. Offsets are those of the text as JavaScript counts; `end` is only that of a scalar on
 * one line.
 */
export type PlainNode = { readonly start: number; readonly value: unknown } & (
  | { readonly kind: 'plain' | 'quoted' | 'literal' | 'folded'; readonly end: number }
  | { readonly kind: 'map'; readonly keys: readonly PlainKey[] }
  | { readonly kind: 'list'; readonly items: readonly PlainNode[] }
)

/** An entry of a mapping: its key, where that stands, and its value. */
export type PlainKey = { readonly name: string; readonly start: number; readonly node: PlainNode }

/** A text that is read from a place on. */
export type Cursor = { readonly text: string; at: number }

/** What the sticky pattern finds at the cursor, which then stands behind it. */
export function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at
  const found = pattern.exec(cursor.text)
  if (found) cursor.at = pattern.lastIndex
  return found ?? undefined
}

/** The same. @throws NotPlain when it is not there */
export function expect(cursor: Cursor, pattern: RegExp): RegExpExecArray {
  const found = match(cursor, pattern)
  if (!found) throw new NotPlain()
  return found
}

/** What is read is left to the complete reader. */
export class NotPlain extends Error {}
