import type { Location } from './problem.ts'
import { openFolder } from './recipe-folder.ts'

/** Lines shown above and below the one that is meant. */
const CONTEXT = 2
/** Longer lines are cut: a frame is for reading. */
const WIDTH = 120

/**
 * The lines around a place, numbered, with a mark before the line and one below the column, as compilers print them. Empty
 * when the text has no such line. Control characters of the text are shown as `·`: a terminal must not act on them.
 */
export function codeFrame(text: string, { line, column }: Pick<Location, 'line' | 'column'>): string {
  const lines = text.split(/\r?\n/)
  const first = Math.max(line - CONTEXT, 1)
  const last = Math.min(line + CONTEXT, text.endsWith('\n') ? lines.length - 1 : lines.length)
  if (line > last || line < 1) return ''
  const width = String(last).length
  const frame: string[] = []
  for (let number = first; number <= last; number++) {
    const shown = showable(lines[number - 1] ?? '')
    const mark = number === line ? '>' : ' '
    frame.push(`${mark} ${String(number).padStart(width)} | ${shown}`.trimEnd())
    if (number === line && column <= WIDTH) frame.push(`  ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`)
  }
  return `${frame.join('\n')}\n`
}

/** The {@link codeFrame} of a recipe file below `root`; empty when the file is not there. */
export async function readCodeFrame(root: string, location: Location): Promise<string> {
  const separator = location.file.lastIndexOf('/')
  const folder = openFolder(root, location.file.slice(0, Math.max(separator, 0)) || '.')
  const bytes = await folder.read(location.file.slice(separator + 1))
  return bytes === undefined ? '' : codeFrame(bytes.toString(), location)
}

function showable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const plain = text.replaceAll('\t', ' ').replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '·')
  return plain.length > WIDTH ? `${plain.slice(0, WIDTH - 1)}…` : plain
}
