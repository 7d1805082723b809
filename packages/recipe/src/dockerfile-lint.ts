import { type DockerfileInstruction, parseInstructions } from './dockerfile-instructions.ts'
import { DOCKERFILE_RULES, type DockerfileRule, type LintedStage, type LintSeverity } from './dockerfile-rules.ts'
import type { Problem } from './problem.ts'
import type { RenderedImage } from './render.ts'
import { type TracedLine, traceDockerfile } from './source-map.ts'

/** Something in a rendered Dockerfile, told at the place in the recipes that it comes from. */
export type LintFinding = Problem & {
  readonly severity: LintSeverity
  /** Of our rules the name, of the validator `syntax-` and its number. */
  readonly rule: string
  /** The images whose Dockerfiles have it. */
  readonly images: readonly string[]
  /** Where it stands in the Dockerfile of the first of them, from 1. */
  readonly dockerfileLine: number
}

/**
 * Looks at rendered Dockerfiles: with a validator that knows the syntax of every instruction (the package dockerfile-utils),
 * and with rules of our own about what it does not look at. What several images have from one snippet is told once.
 *
 * @param registry in front of the names of images of the same recipes
 * @returns by file, line and column
 */
export async function lintImages(images: readonly RenderedImage[], registry: string): Promise<LintFinding[]> {
  // Read when it is needed: most commands lint nothing.
  const { validate } = await import('./dockerfile-syntax.ts')
  const found = new Map<string, LintFinding>()
  for (const image of images) {
    const lines = traceDockerfile(image)
    const text = lines.map((line) => line.text).join('\n')
    const checked = validate(text).map(({ message, range, severity, code }) => ({
      line: range.start.line + 1,
      message: (typeof message === 'string' ? message : message.value).replace(/\.$/, ''),
      severity: severity === 1 ? ('error' as const) : ('warning' as const),
      rule: `syntax-${code}`,
    }))
    for (const finding of [...checked, ...ruleFindings(text, lines, registry)]) {
      const located = locate(finding, image, lines)
      const key = JSON.stringify([located.file, located.line, located.column, located.message])
      const before = found.get(key)
      found.set(key, before ? { ...before, images: [...before.images, image.name] } : located)
    }
  }
  return [...found.values()].sort((a, b) =>
    a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1,
  )
}

type Finding = Pick<LintFinding, 'message' | 'severity' | 'rule' | 'hint'> & { readonly line: number }

function ruleFindings(text: string, lines: readonly TracedLine[], registry: string): Finding[] {
  return stagesOf(parseInstructions(text), registry).flatMap((stage) =>
    stage.instructions.flatMap((instruction) =>
      DOCKERFILE_RULES.flatMap((rule) => {
        const finding = rule.check(instruction, stage)
        return finding ? [{ ...describe(rule, finding.message), line: lineOf(instruction, lines, finding.words) }] : []
      }),
    ),
  )
}

function describe({ name, severity, hint }: DockerfileRule, message: string): Omit<Finding, 'line'> {
  return { message, severity, rule: name, hint }
}

function stagesOf(instructions: readonly DockerfileInstruction[], registry: string): LintedStage[] {
  const starts = instructions.flatMap(({ keyword }, index) => (keyword === 'FROM' ? [index] : []))
  const head = instructions.slice(0, starts[0] ?? instructions.length)
  const pairs = head.flatMap(({ keyword, value }) => {
    const [, name, given] = (keyword === 'ARG' && /^(\w+)=(.*)$/.exec(value)) || []
    return name !== undefined && given !== undefined ? [[name, given] as const] : []
  })
  const names = starts.map((start) => / AS (\S+)$/i.exec(instructions[start]?.value ?? '')?.[1] ?? '')
  return starts.map((start, index) => ({
    instructions: instructions.slice(start, starts[index + 1]),
    isLast: index === starts.length - 1,
    arguments: new Map(pairs),
    earlier: new Set(names.slice(0, index)),
    own: (reference) => registry !== '' && reference.startsWith(`${registry}/`),
  }))
}

/** The line of an instruction that has the words, else its first. */
function lineOf({ line }: DockerfileInstruction, lines: readonly TracedLine[], words: RegExp | undefined): number {
  const rest = lines.slice(line - 1)
  const end = rest.findIndex(({ text }) => !/\\\s*$/.test(text) && !/^\s*#/.test(text))
  return rest.slice(0, end + 1).find(({ text }) => words?.test(text))?.number ?? line
}

function locate({ line, ...finding }: Finding, image: RenderedImage, lines: readonly TracedLine[]): LintFinding {
  const place = lines[line - 1]?.origin ?? { file: `dockerfiles/${image.name}/Dockerfile`, line, column: 1 }
  const { file, line: at, column } = place
  return { ...finding, file, line: at, column, images: [image.name], dockerfileLine: line }
}
