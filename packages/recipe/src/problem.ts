/** A place in a recipe file; line and column count from 1, the file is relative to the repository's root. */
export type Location = { readonly file: string; readonly line: number; readonly column: number }

/** One thing that is wrong in the recipes, where, and what would mend it. */
export type Problem = Location & {
  readonly message: string
  readonly hint?: string
  /** The lines around the place, for terminals; see `codeFrame`. */
  readonly frame?: string
}

/** What the caller may branch on: `invalid` carries problems, the others concern one image or folder. */
export type RecipeErrorCode = 'invalid' | 'unknown-image' | 'unknown-snippet' | 'foreign-folder' | 'exists'

/**
 * Everything that is wrong, at once. The message lists the problems one a line, as `file:line:column: what; remedy`;
 * `problems` holds the same as data, for annotations and code frames.
 */
export class RecipeError extends Error {
  override readonly name = 'RecipeError'
  readonly code: RecipeErrorCode
  readonly problems: readonly Problem[]

  constructor(code: RecipeErrorCode, message: string, problems: readonly Problem[] = [], options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.problems = problems
  }
}

/** Where the readers and checkers put what they find, so that one run reports everything. */
export type Report = (location: Location, message: string, hint?: string) => void

/** A report that appends to `problems`. */
export function reportInto(problems: Problem[]): Report {
  return ({ file, line, column }, message, hint) => {
    problems.push({ file, line, column, message, ...(hint === undefined ? {} : { hint }) })
  }
}

/** A report that passes everything on and knows whether there was anything. */
export function watchReport(report: Report): { readonly report: Report; hasProblems(): boolean } {
  let seen = false
  return {
    report: (...problem) => {
      seen = true
      report(...problem)
    },
    hasProblems: () => seen,
  }
}

/** Builds the error for a non-empty list of problems, in the order of files, lines and columns, without repetitions. */
export function invalidRecipes(problems: readonly Problem[]): RecipeError {
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]))
  const sorted = [...unique.values()].sort(byLocation)
  const count = sorted.length === 1 ? 'one problem' : `${sorted.length} problems`
  return new RecipeError('invalid', `recipes: ${count}\n${sorted.map(formatProblem).join('\n')}`, sorted)
}

/** `file:line:column: message; hint`, the form editors and terminals make a link of. */
export function formatProblem({ file, line, column, message, hint }: Problem): string {
  return `${file}:${line}:${column}: ${message}${hint === undefined ? '' : `; ${hint}`}`
}

/** Throws what was collected, if anything. */
export function throwProblems(problems: readonly Problem[]): void {
  if (problems.length > 0) throw invalidRecipes(problems)
}

function byLocation(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}
