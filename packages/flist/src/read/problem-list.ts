/**
 * What is wrong in a flist:
 *
 * - `record`: a record is missing, damaged or not reachable from the root
 * - `directory`: a directory's name, path, key or parent do not fit its place, or it is in two places
 * - `acl`: an ACL record is missing, damaged or under a wrong key
 * - `name`: an entry has a name no file can have, or one that another entry has
 * - `entry`: an entry contradicts itself: size against chunks, block size, link target, device number
 * - `metadata`: a metadata row is not what its key asks for
 * - `chunk`: a chunk is not in the store, or not what its file says
 */
export type FlistProblemCode = 'record' | 'directory' | 'acl' | 'name' | 'entry' | 'metadata' | 'chunk'

/** One thing that is wrong; `path` is a byte string, `''` where there is none. */
export type FlistProblem = { readonly code: FlistProblemCode; readonly path: string; readonly message: string }

/** Problems as they are found; a hostile flist has more than anyone can read, the rest is counted. */
export type ProblemList = {
  readonly problems: readonly FlistProblem[]
  readonly omitted: number
  add(code: FlistProblemCode, path: string, message: string): void
}

const SHOWN_PROBLEMS = 1000

/** An empty list. */
export function createProblemList(): ProblemList {
  const problems: FlistProblem[] = []
  let omitted = 0
  return {
    problems,
    get omitted() {
      return omitted
    },
    add(code, path, message) {
      if (problems.length < SHOWN_PROBLEMS) problems.push({ code, path, message })
      else omitted++
    },
  }
}
