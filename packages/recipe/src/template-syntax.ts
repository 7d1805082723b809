import Handlebars from 'handlebars/dist/handlebars.js'
import type { Location } from './problem.ts'

/**
 * Parses a Handlebars template. A syntax error is reported with its line and column; then nothing is returned. The places
 * in the tree name `file`.
 */
export function parseTemplate(
  file: string,
  text: string,
  report: (location: Location, message: string) => void,
): hbs.AST.Program | undefined {
  try {
    return Handlebars.parse(text, { srcName: file })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const { line, column, message } = describe(error as Error & { lineNumber?: number; column?: number }, text)
    report({ file, line, column }, `template: ${message}`)
    return undefined
  }
}

type Description = { readonly line: number; readonly column: number; readonly message: string }

function describe(error: Error & { lineNumber?: number; column?: number }, text: string): Description {
  if (error.lineNumber !== undefined) {
    const message = error.message.replace(/ - \d+:\d+$/, '')
    return { line: error.lineNumber, column: (error.column ?? 0) + 1, message }
  }
  const [first = '', excerpt = '', caret = '', expectation = ''] = error.message.split('\n')
  const line = Number(/on line (\d+)/.exec(first)?.[1] ?? 1)
  const consumed = Math.max(caret.indexOf('^'), 0)
  const before = excerpt.slice(0, consumed).replace(/^\.\.\./, '')
  const near = excerpt.slice(Math.max(consumed - 10, 0), consumed + 10).trim()
  const got = /got '(\w+)'/.exec(expectation)?.[1]
  return {
    line,
    column: columnOf(text, line, before),
    message: got === 'EOF' ? 'it ends in the middle of a block or tag' : `syntax error near "${near}"`,
  }
}

/** The parser tells a column only through the text in front of it, at most 20 characters without their line breaks. */
function columnOf(text: string, line: number, before: string): number {
  const lines = text.split('\n')
  const earlier = lines.slice(0, line - 1).join('')
  const current = lines[line - 1] ?? ''
  for (let column = 0; column <= current.length; column++) {
    if ((earlier + current.slice(0, column)).endsWith(before)) return column + 1
  }
  return 1
}
