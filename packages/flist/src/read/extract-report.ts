import type { FlistEntry } from './flist-node.ts'

/**
 * Something the target does not have as the flist does:
 *
 * - `owner`: owners were not restored, which needs root; one item for the whole tree, with the path `''`
 * - `set-id`: setuid and setgid were left off, because they would be for another owner
 * - `device`: a device node, which needs root and a file system that takes them
 * - `fifo`: the system would not make it
 * - `socket`: sockets come with the program that listens on them; a device that the reference wrote counts as one
 */
export type SkippedItem = {
  readonly kind: 'owner' | 'set-id' | 'device' | 'fifo' | 'socket'
  /** Byte string */
  readonly path: string
  readonly reason: string
}

/** What an extraction did. The root counts as a directory; what was skipped does not count. */
export type ExtractReport = {
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  readonly specials: number
  readonly bytes: number
  /** The first 1000 */
  readonly skipped: readonly SkippedItem[]
  /** How many more were skipped */
  readonly omittedSkips: number
}

/** A report under construction. */
export type ExtractLog = {
  done(entry: FlistEntry): void
  skip(kind: SkippedItem['kind'], path: string, reason: string): void
  /** Notes that an entry keeps the owner of the process. */
  disown(): void
  finish(): ExtractReport
}

const SHOWN_SKIPS = 1000

/** An empty report. */
export function createExtractLog(): ExtractLog {
  const counts = { files: 0, directories: 0, symlinks: 0, specials: 0, bytes: 0 }
  const skipped: SkippedItem[] = []
  let omittedSkips = 0
  let disowned = 0
  const skip = (kind: SkippedItem['kind'], path: string, reason: string) => {
    if (skipped.length < SHOWN_SKIPS) skipped.push({ kind, path, reason })
    else omittedSkips++
  }
  return {
    done({ node }) {
      if (node.type === 'directory') counts.directories++
      else if (node.type === 'symlink') counts.symlinks++
      else if (node.type !== 'file') counts.specials++
      else {
        counts.files++
        counts.bytes += node.size
      }
    },
    skip,
    disown: () => void disowned++,
    finish() {
      if (disowned > 0) {
        skipped.unshift({ kind: 'owner', path: '', reason: `needs root; entries of other owners: ${disowned}` })
      }
      return { ...counts, skipped, omittedSkips }
    },
  }
}
