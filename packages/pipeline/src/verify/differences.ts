import { escapeControls, pathForPeople } from '../fidelity/findings.ts'

/**
 * - `missing`: in the source and not in the flist, with everything below it
 * - `extra`: in the flist and not in the source, with everything below it
 * - `changed`: in both, with another `field`
 * - `damaged`: the flist contradicts itself, or a chunk is not there or not what its file says
 */
export type DifferenceKind = 'missing' | 'extra' | 'changed' | 'damaged'

/** One difference between a source and a flist. */
export type Difference = {
  readonly kind: DifferenceKind
  /** UTF-8 with a leading slash; for metadata the name of the row, without one */
  readonly path: string
  /** The exact bytes, where `path` cannot have them */
  readonly pathHex?: string
  /** What is other in a `changed` entry: `type`, `mode`, `uid`, `gid`, `mtime`, `size`, `content`, `target`, `device` */
  readonly field?: string
  /** In the source, after the mapping that every flist makes */
  readonly expected?: string
  /** In the flist */
  readonly actual?: string
}

/** The first differences and the number of the others: a wrong source differs in everything. */
export type DifferenceList = {
  readonly differences: readonly Difference[]
  readonly omitted: number
  add(difference: Difference): void
}

const LISTED = 1000

/** An empty list. */
export function listDifferences(): DifferenceList {
  const differences: Difference[] = []
  let omitted = 0
  return {
    differences,
    get omitted() {
      return omitted
    },
    add(difference) {
      if (differences.length < LISTED) differences.push(difference)
      else omitted += 1
    },
  }
}

/** An entry that is on one side only; `path` is a byte string. */
export function onOneSide(kind: 'missing' | 'extra', path: string, type: string): Difference {
  return { kind, ...pathForPeople(path), [kind === 'missing' ? 'expected' : 'actual']: type }
}

/** An entry that is on both sides with another field; `path` is a byte string. */
export function changed(path: string, field: string, expected: string, actual: string): Difference {
  return { kind: 'changed', ...pathForPeople(path), field, expected, actual }
}

/** A difference in words, for a terminal. */
export function differenceText(difference: Difference): string {
  return escapeControls(`${difference.path}: ${problemText(difference)}`)
}

function problemText({ kind, field, expected = '', actual = '' }: Difference): string {
  switch (kind) {
    case 'missing':
      return `the flist does not have this ${expected} of the source`
    case 'extra':
      return `the source does not have this ${actual}`
    case 'changed':
      return `${field} is ${actual}, the source has ${expected}`
    case 'damaged':
      return actual
  }
}
