/** An instruction of somebody's Dockerfile, with the comments above it. */
export type DockerfileInstruction = {
  /** Line it starts at, from 1. */
  readonly line: number
  /** Line it ends at. */
  readonly end: number
  /** In upper case. */
  readonly keyword: string
  /** What follows the keyword, on one line: continuations are joined, comments in between are left out. */
  readonly value: string
  /** The lines as they are written, with the comments above. */
  readonly text: readonly string[]
}

/**
 * Splits a Dockerfile into instructions, as moby's parser does: a backslash at the end goes on, comments and empty lines in
 * between are skipped, a `#` anywhere else is text. The comments after the last instruction are left out. Here-documents are
 * not followed.
 *
 * @param goesOn what at the end of a line continues it
 */
export function parseInstructions(text: string, goesOn = /\\\s*$/): DockerfileInstruction[] {
  const found: DockerfileInstruction[] = []
  let lines: string[] = []
  let open: { line: number; end: number; parts: string[] } | undefined
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) {
      if (line.trim() !== '' || open) lines.push(line)
      continue
    }
    lines.push(line)
    open ??= { line: index + 1, end: index + 1, parts: [] }
    open.end = index + 1
    open.parts.push(line.replace(goesOn, ''))
    if (goesOn.test(line)) continue
    found.push(instructionOf(open, lines))
    lines = []
    open = undefined
  }
  return open ? [...found, instructionOf(open, lines)] : found
}

function instructionOf(
  { line, end, parts }: { readonly line: number; readonly end: number; readonly parts: readonly string[] },
  text: readonly string[],
): DockerfileInstruction {
  const [, keyword = '', value = ''] = /^\s*(\S+)\s*([\s\S]*)$/.exec(parts.join('')) ?? []
  return { line, end, keyword: keyword.toUpperCase(), value: value.trim(), text }
}
