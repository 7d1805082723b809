import type { Location } from './problem.ts'

/** A text as it is written in a file: its value, and where its first and last characters are, quotes included. */
export type WrittenScalar = {
  readonly kind: 'plain' | 'quoted' | 'literal' | 'folded'
  readonly value: string
  readonly start: number
  readonly end: number
}

/**
 * Where a line and column (from 1) inside a text stand in its file.
 *
 * A block literal keeps its lines, so a place in its text has an exact place in the file; so has a scalar on one line.
 * For the rest (folded text) the start of the scalar has to do.
 */
export function insideScalar(
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
