import type { DockerfileInstruction } from './dockerfile-instructions.ts'
import type { Report } from './problem.ts'

/** A stage of somebody's Dockerfile, with what it takes over from those it is built on. */
export type AdoptedStage = {
  /** What `COPY --from` calls it in the recipes. */
  readonly name: string
  readonly from: DockerfileInstruction
  /** Its FROM, after those of the stages it is built on. */
  readonly starts: readonly DockerfileInstruction[]
  /** The reference that it is built on in the end. */
  readonly base: string
  /** Its instructions, after those of the stages of the same Dockerfile that it is built on. */
  readonly instructions: readonly DockerfileInstruction[]
}

/**
 * Splits a Dockerfile into its stages. An ARG in front of the first FROM is put in where it is used: recipes have none there.
 * A stage that is built on another has the instructions of both.
 */
export function splitStages(
  instructions: readonly DockerfileInstruction[],
  report: (instruction: DockerfileInstruction, ...problem: Tail<Parameters<Report>>) => void,
): AdoptedStage[] {
  const starts = instructions.flatMap(({ keyword }, index) => (keyword === 'FROM' ? [index] : []))
  const early = earlyArguments(instructions.slice(0, starts[0] ?? 0))
  const stages: AdoptedStage[] = []
  /** As the Dockerfile calls them; it does not tell large letters from small ones. */
  const known = new Map<string, AdoptedStage>()
  for (const [index, start] of starts.entries()) {
    const from = instructions[start]
    if (!from) continue
    const [, flags = '', reference = '', alias] =
      /^((?:--\S+\s+)*)(\S+)(?:\s+AS\s+(\S+))?$/i.exec(expand(from.value, early)) ?? []
    if (flags !== '') report(from, 'a platform can not be adopted', 'leave it out of FROM')
    const below = known.get(reference.toLowerCase())
    const own = instructions.slice(start + 1, starts[index + 1]).map((instruction) => fillArgument(instruction, early))
    const stage = {
      name: stageName(alias ?? '', index),
      from,
      starts: [...(below?.starts ?? []), from],
      base: below?.base ?? reference,
      instructions: [...(below?.instructions ?? []), ...own],
    }
    stages.push(stage)
    if (alias !== undefined) known.set(alias.toLowerCase(), stage)
    known.set(String(index), stage)
  }
  return stages.map((stage, index) => ({
    ...stage,
    instructions: stage.instructions.map((instruction) =>
      renameSource(instruction, (name) => {
        const source = known.get(name.toLowerCase())
        if (source && stages.indexOf(source) < index) return source.name
        report(
          instruction,
          `it copies out of "${name}", which is no stage before it`,
          'declare what it is under "downloads"',
        )
        return name
      }),
    ),
  }))
}

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never

/** "-of-" is in the names of the stages of snippets. */
function stageName(alias: string, index: number): string {
  const name = alias.toLowerCase()
  return /^[a-z][a-z0-9_.-]*$/.test(name) && !name.includes('-of-') ? name : `stage-${index}`
}

function earlyArguments(instructions: readonly DockerfileInstruction[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { keyword, value } of instructions) {
    const [, name, given] = /^(\w+)=("?)(.*)\2$/.exec(value)?.toSpliced(2, 1) ?? []
    if (keyword === 'ARG' && name !== undefined && given !== undefined) found.set(name, expand(given, found))
  }
  return found
}

function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (found, braced?: string, plain?: string) => {
    return values.get(braced ?? plain ?? '') ?? found
  })
}

/** An ARG without a value has in a stage the one from the start of the Dockerfile. */
function fillArgument(instruction: DockerfileInstruction, early: ReadonlyMap<string, string>): DockerfileInstruction {
  const { keyword, value, text } = instruction
  const given = early.get(value)
  if (keyword !== 'ARG' || given === undefined) return instruction
  return { ...instruction, value: `${value}=${given}`, text: [...commentsOf(text), `ARG ${value}="${given}"`] }
}

function renameSource(instruction: DockerfileInstruction, rename: (name: string) => string): DockerfileInstruction {
  const { keyword, value, text } = instruction
  const [, name] = /^(?:--\S+\s+)*--from=(\S+)/.exec(value) ?? []
  if (keyword !== 'COPY' || name === undefined) return instruction
  const renamed = rename(name)
  if (renamed === name) return instruction
  const written = value.replace(`--from=${name}`, `--from=${renamed}`)
  return { ...instruction, value: written, text: [...commentsOf(text), `COPY ${written}`] }
}

/** The comments above and in an instruction. */
export function commentsOf(text: readonly string[]): string[] {
  return text.filter((line) => /^\s*#/.test(line))
}
