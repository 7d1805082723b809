/** Says of a path of a build context, relative and with `/`, whether a `.dockerignore` leaves it out. */
export type IgnoreRule = (path: string) => boolean

type Pattern = { readonly expression: RegExp; readonly keeps: boolean }

/**
 * Reads a `.dockerignore` as Docker does (moby/patternmatcher and its `ignorefile`): a pattern a line, matched against the
 * whole path or a directory above it; `#` at the start of a line is a comment, `!` keeps what an earlier line left out, the
 * last line that matches decides. `*` and `?` stay in one part of the path, `**` does not.
 *
 * @throws SyntaxError for a pattern that is none, such as `[a`
 */
export function parseIgnoreFile(text: string): IgnoreRule {
  const patterns = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line) => parsePattern(line))
  return (path) => {
    const parts = path.split('/')
    const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    const decisive = patterns.findLast(({ expression }) => above.some((each) => expression.test(each)))
    return decisive !== undefined && !decisive.keeps
  }
}

function parsePattern(line: string): Pattern[] {
  if (line.startsWith('#')) return []
  const text = line.trim()
  const keeps = text.startsWith('!')
  const path = cleanPath(keeps ? text.slice(1).trim() : text)
  if (text === '!') throw new SyntaxError('"!" is no pattern')
  return path === '' ? [] : [{ expression: expressionOf(path), keeps }]
}

/** As Go's filepath.Clean: `/a/./b/../c/` is `a/c`, and `../a` is what no file of a context is called. */
function cleanPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    const isAbove = part === '..' && (parts.length > 0 ? parts.at(-1) !== '..' : path.startsWith('/'))
    if (isAbove) parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

function expressionOf(pattern: string): RegExp {
  // Without anything special after it, moby takes a leading `**` for any start, be it in the middle of a name.
  const [, suffix] = /^\*\*([^/*?[\]\\][^*?[\]\\]*)$/.exec(pattern) ?? []
  if (suffix !== undefined) return new RegExp(`${RegExp.escape(suffix)}$`, 'u')
  let source = ''
  let rest = pattern
  while (rest !== '') {
    const [token = ''] = /^(?:\*\*\/?|\*|\?|\[\^?(?:\\.|[^\]\\])+\]|\\.|[^\\])/su.exec(rest) ?? []
    if (token === '' || token === '[') throw new SyntaxError(`"${pattern}" is no pattern`)
    rest = rest.slice(token.length)
    source += expressionOfToken(token, rest === '')
  }
  return new RegExp(`^${source}$`, 'su')
}

function expressionOfToken(token: string, isLast: boolean): string {
  if (token.startsWith('**')) return isLast ? '.*' : '(?:.*/)?'
  if (token === '*') return '[^/]*'
  if (token === '?') return '[^/]'
  if (token.startsWith('[')) return classOf(token)
  return RegExp.escape(token.length > 1 && token.startsWith('\\') ? token.slice(1) : token)
}

/** `[a-z]`, of which this expression wants more characters escaped than Go does. */
function classOf(token: string): string {
  const start = token.startsWith('[^') ? '[^' : '['
  const inside = token.slice(start.length, -1).replace(/\\(.)|[^-]/gsu, (text, escaped?: string) => {
    return RegExp.escape(escaped ?? text)
  })
  return `${start}${inside}]`
}
