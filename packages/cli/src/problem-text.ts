import { errorText } from '@tf-images/pipeline'
import type { Problem } from '@tf-images/recipe'
import { visibleText } from './visible-text.ts'

/** An error for the terminal: problems of recipes with the lines they are about, any other as its text. */
export function problemText(error: unknown): string {
  return visibleText(plainText(error))
}

function plainText(error: unknown): string {
  const problems = problemsOf(error)
  const text = errorText(error)
  if (problems.length === 0) return [text, ...lastLinesOf(error, text)].join('\n')
  const [title] = text.split('\n')
  const shown = problems.map(({ file, line, column, message, hint, frame = '' }) => {
    return `${file}:${line}:${column}: ${message}${hint === undefined ? '' : `; ${hint}`}\n${frame}`
  })
  return `${title}\n\n${shown.join('\n')}`.trimEnd()
}

/** What a tool said last, where the text refers to it. */
function lastLinesOf(error: unknown, text: string): string[] {
  if (!text.endsWith('see its last lines') || !(error instanceof Error)) return []
  return 'output' in error && Array.isArray(error.output) ? error.output.map((line) => `  ${line}`) : []
}

/** By shape: the class would have to be loaded, with all that reads recipes, for every command. */
function problemsOf(error: unknown): readonly Problem[] {
  if (!(error instanceof Error) || error.name !== 'RecipeError') return []
  return 'problems' in error && Array.isArray(error.problems) ? error.problems : []
}
