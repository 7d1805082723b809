import { commentsOf } from './adopted-stages.ts'
import { checkBuilder } from './classic-builder.ts'
import { type DockerfileInstruction, parseInstructions } from './dockerfile-instructions.ts'
import { reference as referenceSchema } from './names.ts'
import { type Problem, reportInto, throwProblems } from './problem.ts'

/** A Dockerfile that somebody wrote, as far as has to be known to build it on pinned images. */
export type OwnDockerfile = {
  /** Every image that it takes from a registry, each once, as it is written once its arguments are filled in. */
  readonly images: readonly string[]
  /** The one of these that its last stage is built on in the end; undefined where that starts from nothing. */
  readonly base: string | undefined
  /** Values for the arguments of the platform that its stages ask for, by BuildKit's names. */
  readonly platformArguments: Readonly<Record<string, string>>
  /** Its text with other references in place of the images; every line keeps its number. */
  readonly withImages: (references: ReadonlyMap<string, string>) => string
}

type Complain = (instruction: DockerfileInstruction, message: string, hint?: string) => void

/** What an instruction names: an image, or a stage or nothing at all. */
type Named = {
  readonly instruction: DockerfileInstruction
  readonly image?: string
  readonly text: (image: string) => string
}

/**
 * Reads a Dockerfile as the classic builder does: stages on several images, on stages and on nothing, arguments in FROM, and
 * COPY out of stages and images.
 *
 * @param file for messages
 * @param platform like `linux/amd64`: the one that it is built for
 * @throws {RecipeError} `invalid` with everything that this builder has no words for
 */
export function readOwnDockerfile(file: string, text: string, platform: string): OwnDockerfile {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const complain: Complain = ({ line }, ...problem) => report({ file, line, column: 1 }, ...problem)
  const instructions = parseInstructions(text, continuationOf(text))
  const first = instructions.findIndex(({ keyword }) => keyword === 'FROM')
  if (first === -1) report({ file, line: 1, column: 1 }, 'there is no FROM', 'it is no Dockerfile')
  checkBuilder(instructions, complain)
  const platforms = platformValues(platform)
  const values = new Map(Object.entries(platforms))
  for (const instruction of instructions.slice(0, Math.max(first, 0))) {
    if (instruction.keyword === 'ARG') declareArguments(instruction.value, values)
    else complain(instruction, `${instruction.keyword} before the first FROM`, 'only ARG can be there')
  }
  const { named, base } = readStages(instructions.slice(first), { values, platform, complain })
  throwProblems(problems)
  const declared = instructions.flatMap(({ keyword, value }) => (keyword === 'ARG' ? value.split(/\s+/) : []))
  return {
    images: [...new Set(named.flatMap(({ image }) => image ?? []))],
    base,
    platformArguments: Object.fromEntries(Object.entries(platforms).filter(([name]) => declared.includes(name))),
    withImages: (references) => rewrite(text, named, references),
  }
}

type StageContext = {
  readonly values: ReadonlyMap<string, string>
  readonly platform: string
  readonly complain: Complain
}

/** What each FROM and each COPY --from names, and what the last stage is built on. */
function readStages(
  instructions: readonly DockerfileInstruction[],
  context: StageContext,
): { readonly named: readonly Named[]; readonly base: string | undefined } {
  const named: Named[] = []
  /** What a stage is built on in the end, by its name; names are not told apart by their case. */
  const stages = new Map<string, string | undefined>()
  let count = 0
  let base: string | undefined
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') {
      const { reference, alias } = readFrom(instruction, context)
      const below = reference.toLowerCase()
      const isImage = reference !== 'scratch' && !stages.has(below)
      if (isImage && reference !== '') checkReference(instruction, reference, context.complain)
      base = isImage ? reference : stages.get(below)
      const text = (image: string) => `FROM ${isImage ? image : reference}${alias === undefined ? '' : ` AS ${alias}`}`
      named.push({ instruction, text, ...(isImage ? { image: reference } : {}) })
      if (alias !== undefined) stages.set(alias.toLowerCase(), base)
      count += 1
    } else if (instruction.keyword === 'COPY') {
      const source = /^(?:--\S+\s+)*--from=(\S+)/.exec(instruction.value)?.[1]
      if (source === undefined || stages.has(source.toLowerCase())) continue
      if (/^\d+$/.test(source) && Number(source) < count - 1) continue
      if (source.includes('$'))
        context.complain(instruction, 'COPY --from takes no variables', 'make it a stage: FROM … AS name')
      else checkReference(instruction, source, context.complain)
      const written = instruction.value
      const text = (image: string) => `COPY ${written.replace(`--from=${source}`, () => `--from=${image}`)}`
      named.push({ instruction, text, image: source })
    }
  }
  return { named, base }
}

function readFrom(
  instruction: DockerfileInstruction,
  { values, platform, complain }: StageContext,
): { readonly reference: string; readonly alias?: string } {
  const unknown = new Set<string>()
  const fill = (text: string) => expand(text, values, unknown).replaceAll(/["']/g, '')
  const parts = /^((?:--\S+\s+)*)(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.value)
  if (!parts) complain(instruction, 'it names no image', 'write FROM image, or FROM image AS name')
  const [, flags = '', written = '', alias] = parts ?? []
  for (const flag of flags.split(/\s+/).filter(Boolean)) {
    const [, wanted] = /^--platform=(.*)$/.exec(flag) ?? []
    const isOurs = wanted !== undefined && fill(wanted) === platform
    if (!isOurs) complain(instruction, `${flag}: it is built for ${platform} alone`, 'leave it out')
  }
  const reference = fill(written)
  for (const name of unknown)
    complain(instruction, `${name} has no value here`, `write ARG ${name}=… before the first FROM`)
  return { reference, ...(alias === undefined ? {} : { alias }) }
}

function checkReference(instruction: DockerfileInstruction, reference: string, complain: Complain): void {
  const { error } = referenceSchema.safeParse(reference)
  if (error) complain(instruction, `"${reference}" ${error.issues[0]?.message}`)
}

/** Values of `ARG A=1 B="2" C`; one without a value keeps what it has. */
function declareArguments(declaration: string, values: Map<string, string>): void {
  for (const [, name = '', given] of declaration.matchAll(/(\w+)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    if (given !== undefined) values.set(name, expand(given.replace(/^(["'])(.*)\1$/, '$2'), values, new Set()))
  }
}

/** `$A`, `${A}`, `${A:-else}` and `${A:+then}`; what has no value is empty, and put to the unknown. */
function expand(text: string, values: ReadonlyMap<string, string>, unknown: Set<string>): string {
  return text.replaceAll(/\$(?:\{(\w+)(?::?([-+])([^}]*))?\}|(\w+))/g, (_, braced, sign, other = '', plain) => {
    const name: string = braced ?? plain
    const value = values.get(name) ?? ''
    if (sign === '+') return value === '' ? '' : other
    if (value === '' && sign !== '-') unknown.add(name)
    return value === '' ? other : value
  })
}

/** Arguments that BuildKit knows without being told; here the machine is of the platform that is built for. */
function platformValues(platform: string): Readonly<Record<string, string>> {
  const [os = '', architecture = '', variant = ''] = platform.split('/')
  const of = (prefix: string) => ({
    [`${prefix}PLATFORM`]: platform,
    [`${prefix}OS`]: os,
    [`${prefix}ARCH`]: architecture,
    [`${prefix}VARIANT`]: variant,
  })
  return { ...of('BUILD'), ...of('TARGET') }
}

/** Parser directives are comments at the very top. */
function continuationOf(text: string): RegExp | undefined {
  const isBacktick = /^\uFEFF?(?:#\s*\w+\s*=.*\r?\n)*?#\s*escape\s*=\s*`\s*?(?:\n|$)/i.test(text)
  return isBacktick ? /`\s*$/ : undefined
}

function rewrite(text: string, named: readonly Named[], references: ReadonlyMap<string, string>): string {
  const lines = text.split(/\r?\n/)
  for (const { instruction, image, text: textOf } of named) {
    const { line, end } = instruction
    const comments = commentsOf(lines.slice(line - 1, end))
    const blank = Array.from({ length: end - line - comments.length }, () => '')
    const written = textOf(image === undefined ? '' : (references.get(image) ?? image))
    lines.splice(line - 1, end - line + 1, written, ...comments, ...blank)
  }
  return lines.join('\n')
}
