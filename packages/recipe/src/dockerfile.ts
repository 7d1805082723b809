import type { Location } from './problem.ts'

/** Stands for a continuation (`\` and a line break) in a run command; no value can hold it, see {@link unusableText}. */
export const CONTINUATION = '\0'

/** One command of a RUN instruction. */
export type RunCommand = {
  /** Shell text on one logical line; {@link CONTINUATION} where its author broke the line. */
  readonly text: string
  /** It must be grouped before another command is joined to it by `&&`. */
  readonly compound: boolean
  /** Where each of its lines comes from; the last also stands for all after it. */
  readonly origins?: readonly Location[]
}

/** A line of a Dockerfile and the place in the recipes that it comes from; an empty line comes from nowhere. */
export type DockerfileLine = { readonly text: string; readonly origin?: Location }

/**
 * Quotes a value of ENV or LABEL. Dockerfiles expand `$name` and know `\` only before `"`, `$` and `\` in double quotes
 * (moby, frontend/dockerfile/shell). They have no way to write a line break in a value: see {@link isDockerfileValue}.
 */
export function quoteDockerfile(value: string): string {
  return `"${value.replaceAll(/[\\"$]/g, '\\$&')}"`
}

/** Whether ENV and LABEL can hold the value: no control characters but the tab. */
export function isDockerfileValue(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return !/[\x00-\x08\x0a-\x1f\x7f]/.test(value)
}

/** Why no place of a build can hold the text, if so: NUL, or half of a surrogate pair, which is no Unicode. */
export function unusableText(value: string): string | undefined {
  if (value.includes('\0')) return 'holds a NUL character'
  return value.isWellFormed() ? undefined : 'holds half of a surrogate pair'
}

/**
 * A RUN instruction of commands joined by `&&`, one a line. A value with a line break can not stand in the shell form, where
 * the line would end: then the JSON form is written, which starts the same shell with the same text.
 */
export function formatRun(commands: readonly RunCommand[]): string {
  const grouped = commands.map(groupCommand)
  const carried = grouped.every((text) => !needsJsonForm(text))
  if (!carried) {
    const script = grouped.map((text) => text.replaceAll(CONTINUATION, ' ')).join(' && ')
    return `RUN ${JSON.stringify(['/bin/sh', '-c', script])}`
  }
  return `RUN ${grouped.map((text) => text.replaceAll(CONTINUATION, '\\\n      ')).join(' \\\n && ')}`
}

/** Like {@link formatRun}, a line each with where it comes from. */
export function runLines(commands: readonly RunCommand[]): DockerfileLine[] {
  const origins = commands.flatMap(({ text, origins = [] }) =>
    text.split(CONTINUATION).map((_, index) => origins[index] ?? origins.at(-1)),
  )
  return formatRun(commands)
    .split('\n')
    .map((text, index) => locatedLine(text, origins[index]))
}

/** A line of a Dockerfile that comes from the place, where one is known. */
export function locatedLine(text: string, origin: Location | undefined): DockerfileLine {
  return { text, ...(origin ? { origin } : {}) }
}

/** A continuation and the blanks around it. */
const BROKEN_LINE = new RegExp(`[ \\t]*(?:${CONTINUATION}[ \\t]*)+`, 'g')

/** Collapses repeated and trailing continuations, which conditional parts of a template leave behind. */
export function tidyCommand(text: string): string {
  return text
    .replaceAll(BROKEN_LINE, ` ${CONTINUATION}`)
    .replace(/^ *\0| *\0$/g, '')
    .trim()
}

/** `exec` form of ENTRYPOINT, CMD and VOLUME: JSON, in which nothing is expanded. */
export function formatJson(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`
}

function groupCommand({ text, compound }: RunCommand): string {
  // A Dockerfile reads a leading bracket as JSON and a leading dash as a flag.
  return compound || /^[[-]/.test(text) ? `{ ${text}; }` : text
}

function needsJsonForm(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\x01-\x08\x0a-\x1f\x7f]/.test(text) || text.endsWith('\\')
}
