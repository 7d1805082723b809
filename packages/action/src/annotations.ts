import { posix } from 'node:path'
import { error as annotate, setFailed } from '@actions/core'
import { errorText, type LegFailure } from '@tf-images/pipeline'

/** GitHub shows ten annotations of a kind for a step; the last one is for what has to be said of all. */
const MOST = 9
/** GitHub takes 64 KiB; nobody reads that beside a line. In UTF-16 units. */
const LONGEST = 4_000

/** Something wrong, and where, relative to the folder with the recipes. */
type Finding = { readonly text: string; readonly place?: LegFailure['place'] }

/**
 * Fails the step with annotations: each failure at the line of the recipe it comes from, where there is one. More than GitHub shows are
 * counted, texts that are too long are cut, both with a word that says so.
 *
 * @param root folder with the recipes, relative to the repository: annotations are put on files of that
 */
export function annotateFailures(failures: readonly Finding[], root: string): void {
  const placed = failures.filter(({ place }) => place !== undefined)
  for (const { text, place } of placed.slice(0, MOST)) {
    if (!place) continue
    const file = posix.join(root, place.file)
    annotate(shorten(text), { title: title(text), file, startLine: place.line, startColumn: place.column })
  }
  if (placed.length > MOST) annotate(`and ${placed.length - MOST} more; they are in the log and in the summary`)
  const [first] = failures
  if (first) setFailed(shorten(failures.length === 1 ? first.text : failures.map(({ text }) => text).join('\n')))
}

/** What an error that ends an action says, with all of its places. */
export function findingsOf(error: unknown): readonly Finding[] {
  const text = errorText(error)
  const problems = problemsOf(error)
  if (problems.length > 0) {
    return problems.map((place) => ({
      text: `${place.file}:${place.line}:${place.column}: ${place.message}${place.hint ? `; ${place.hint}` : ''}`,
      place,
    }))
  }
  const place = placeOf(error)
  return [{ text, ...(place ? { place } : {}) }]
}

type PlacedProblem = NonNullable<LegFailure['place']> & { readonly message: string; readonly hint?: string }

/** By shape: the class is in what reads recipes, which not every action loads. */
function problemsOf(error: unknown): readonly PlacedProblem[] {
  if (!(error instanceof Error) || error.name !== 'RecipeError') return []
  return 'problems' in error && Array.isArray(error.problems) ? error.problems : []
}

function placeOf(error: unknown): LegFailure['place'] {
  const place = error instanceof Error && 'place' in error ? error.place : undefined
  const isPlace = typeof place === 'object' && place !== null && 'file' in place && 'line' in place && 'column' in place
  return isPlace ? { file: String(place.file), line: Number(place.line), column: Number(place.column) } : undefined
}

function title(text: string): string {
  const [line = ''] = text.split('\n')
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (cut here; the whole text is in the log)` : text
}
