import { isObject } from './answers.ts'

/** How much is in a flist, as a hub counts. */
export type FlistCounters = {
  /** Regular files; each name of a hard link counts. */
  readonly regular: number
  readonly symlink: number
  readonly special: number
  /** Bytes of all regular files. */
  readonly fullsize: number
}

/** What is in a flist, as a hub reads it. */
export type FlistContents = FlistCounters & {
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

/** Reads the counters in an answer; undefined when they are not there. `directory` is left out: hubs count it wrong. */
export function readCounters(json: unknown): FlistCounters | undefined {
  if (!isObject(json)) return undefined
  const { regular, symlink, special, fullsize } = json
  if (!isCount(regular) || !isCount(symlink) || !isCount(special) || !isCount(fullsize)) return undefined
  return { regular, symlink, special, fullsize }
}

/** Reads the answer of the contents call; undefined when it is not one. Paths that are not UTF-8 are not in it. */
export function readContents(json: unknown): FlistContents | undefined {
  const counters = readCounters(json)
  if (!counters || !isObject(json) || !Array.isArray(json.content)) return undefined
  const files = json.content.flatMap((entry: unknown) => {
    const { path, size } = isObject(entry) ? entry : {}
    return typeof path === 'string' && isCount(size) ? [{ path, size }] : []
  })
  return { ...counters, files }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}
