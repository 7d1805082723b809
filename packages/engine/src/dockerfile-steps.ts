/** One instruction of a Dockerfile, which is one step of the classic builder. */
export type DockerfileStep = {
  /** 1-based line the instruction starts at. */
  readonly line: number
  /** Upper-case keyword, like `RUN`. */
  readonly keyword: string
}

const directive = /^#\s*([a-z][a-z0-9]*)\s*=\s*(.+?)\s*$/i
const comment = /^\s*#/

/**
 * The steps of a Dockerfile in the order in which the classic builder numbers them: every instruction is one, `FROM` and an `ARG` before
 * the first `FROM` included.
 *
 * Follows BuildKit's `frontend/dockerfile/parser`, which the classic builder uses: parser directives only at the very top, comments and
 * empty lines dropped inside a continued instruction too, a single escape character at the end continues a line. Here-documents are not
 * followed: the classic builder has none. Never throws; what is no Dockerfile is for the engine to refuse.
 */
export function parseDockerfileSteps(source: string): DockerfileStep[] {
  const lines = source.replace(/^\uFEFF/, '').split(/\r?\n/)
  const continued = continuationPattern(findEscapeCharacter(lines))
  const steps: DockerfileStep[] = []
  let open: { line: number; text: string } | undefined
  for (const [index, line] of lines.entries()) {
    if (comment.test(line) || line.trim() === '') continue
    const text = line.replace(continued, '$1')
    open = { line: open?.line ?? index + 1, text: `${open?.text ?? ''}${text}` }
    if (text !== line) continue
    addStep(steps, open)
    open = undefined
  }
  if (open) addStep(steps, open)
  return steps
}

function addStep(steps: DockerfileStep[], { line, text }: { line: number; text: string }): void {
  const keyword = /^\s*(\S+)/.exec(text)?.[1]
  if (keyword) steps.push({ line, keyword: keyword.toUpperCase() })
}

function findEscapeCharacter(lines: readonly string[]): '\\' | '`' {
  for (const line of lines) {
    const [, name, value] = directive.exec(line) ?? []
    if (name === undefined || !['escape', 'syntax'].includes(name.toLowerCase())) break
    if (name.toLowerCase() === 'escape') return value === '`' ? '`' : '\\'
  }
  return '\\'
}

function continuationPattern(escapeCharacter: '\\' | '`'): RegExp {
  const character = escapeCharacter === '\\' ? '\\\\' : '`'
  return new RegExp(`(^|[^${character}])${character}[ \\t]*$`)
}
