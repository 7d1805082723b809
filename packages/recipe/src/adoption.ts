import { type ContextReader, recogniseSnippets } from './adopted-snippets.ts'
import { type AdoptedStage, commentsOf, splitStages } from './adopted-stages.ts'
import { checkBuilder } from './classic-builder.ts'
import { type DockerfileInstruction, parseInstructions } from './dockerfile-instructions.ts'
import { isPort, isTarget } from './names.ts'
import { type Problem, reportInto, throwProblems } from './problem.ts'
import type { Recipes } from './recipes.ts'
import { CONTEXT_FOLDER } from './render.ts'

/** What became of an instruction of the adopted Dockerfile. */
export type Adopted = {
  readonly line: number
  readonly keyword: string
  /** The key of image.yaml that holds it now; `nothing` for a stage that nothing of the image comes from. */
  readonly became: 'base' | 'snippets' | 'ports' | 'entrypoint' | 'cmd' | 'stages' | 'dockerfile' | 'nothing'
  /** The snippet that does the same now; of what was kept, one that may, for whoever goes on from here. */
  readonly snippet?: string
}

/** An image definition made of a Dockerfile. */
export type Adoption = {
  /** For image.yaml. */
  readonly image: Readonly<Record<string, unknown>>
  /** Comments of what has a key of its own now, by that key. */
  readonly comments: ReadonlyMap<string, readonly string[]>
  /** Every instruction of the original, in its order. */
  readonly accounts: readonly Adopted[]
  /** It copies files of its context, which go to the folder "context" beside image.yaml. */
  readonly needsContext: boolean
}

/**
 * Makes an image definition of a Dockerfile. What has words in the recipes becomes that, when moving it to where recipes put it
 * changes nothing; the rest stays as it is, in its order and with its comments, as instructions of the image and of its stages.
 *
 * @param read gives the files of the build context, which snippets may have as well
 * @throws {RecipeError} `invalid`: a base that the recipes do not have, stages on several bases, what the classic builder lacks
 */
export async function adoptDockerfile(
  recipes: Recipes,
  name: string,
  file: string,
  text: string,
  read: ContextReader = async () => undefined,
): Promise<Adoption> {
  const instructions = parseInstructions(text)
  const { base, final, stages } = structureOf(recipes, file, instructions)
  const config = configOf(final.instructions)
  const others = final.instructions.filter((instruction) => !config.became.has(instruction))
  const snippets = typeof base === 'string' ? await recogniseSnippets(recipes, base, others, read) : []
  const recognised = new Map(
    snippets.flatMap(({ name, instructions }) => instructions.map((one) => [one, name] as const)),
  )
  const kept = others.filter((instruction) => !recognised.has(instruction))
  const raw = [...kept.flatMap(writtenText), ...trailingComments(text)]
  const moved = final.instructions.filter((instruction) => !kept.includes(instruction))
  const image = {
    description: `${name}, adopted from its Dockerfile`,
    base,
    ...(snippets.length > 0 ? { snippets: snippets.map((snippet) => snippet.name) } : {}),
    ...config.keys,
    ...(stages.length > 0 ? { stages: stages.map((stage) => ({ name: stage.name, dockerfile: rawText(stage) })) } : {}),
    ...(raw.some((line) => !/^\s*(?:#|$)/.test(line)) ? { dockerfile: `${raw.join('\n')}\n` } : {}),
  }
  const became = new Map<number, Omit<Adopted, 'line' | 'keyword'>>()
  for (const stage of stages)
    for (const { line } of [stage.from, ...stage.instructions]) became.set(line, { became: 'stages' })
  for (const instruction of final.instructions) {
    const snippet = recognised.get(instruction)
    const key = config.became.get(instruction)
    const similar = snippetFor(recipes, instruction)
    if (snippet !== undefined) became.set(instruction.line, { became: 'snippets', snippet })
    else if (key) became.set(instruction.line, { became: key })
    else became.set(instruction.line, { became: 'dockerfile', ...(similar ? { snippet: similar } : {}) })
  }
  const first = instructions.find(({ keyword }) => keyword === 'FROM')?.line ?? 0
  const accounts = instructions.map(({ line, keyword }): Adopted => {
    const isBase = line < first || line === final.from.line || (keyword === 'FROM' && !became.has(line))
    return {
      line,
      keyword,
      ...(isBase ? { became: 'base' as const } : (became.get(line) ?? { became: 'nothing' as const })),
    }
  })
  const keyOf = (instruction: DockerfileInstruction) => config.became.get(instruction) ?? 'snippets'
  const written = [...kept, ...stages.flatMap((stage) => stage.instructions)]
  return {
    image,
    comments: commentsByKey([
      ...[...instructions.filter(({ line }) => line < first), ...final.starts].map((one) => [one, 'base'] as const),
      ...moved.map((one) => [one, keyOf(one)] as const),
    ]),
    accounts,
    needsContext: written.some((instruction) => rewriteSources(instruction) !== undefined),
  }
}

function writtenText(instruction: DockerfileInstruction): readonly string[] {
  return rewriteSources(instruction) ?? instruction.text
}

function rawText({ starts, instructions }: AdoptedStage): string {
  const comments = starts.flatMap(({ text }) => commentsOf(text))
  return `${[...comments, ...instructions.flatMap(writtenText)].join('\n')}\n`
}

function trailingComments(text: string): string[] {
  const lines = text.trimEnd().split(/\r?\n/)
  const last = lines.findLastIndex((line) => !/^\s*(?:#|$)/.test(line))
  return lines.slice(last + 1).filter((line) => line.trim() !== '')
}

function commentsByKey(pairs: readonly (readonly [DockerfileInstruction, string])[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [{ text }, key] of pairs) {
    const lines = commentsOf(text).map((line) => line.trim().replace(/^#\s?/, ''))
    if (lines.length > 0) found.set(key, [...(found.get(key) ?? []), ...lines])
  }
  return found
}

type Structure = {
  readonly base: string | { readonly image: string }
  readonly final: AdoptedStage
  /** The others, as far as something is copied out of them. */
  readonly stages: readonly AdoptedStage[]
}

/** The stages of a Dockerfile, all on one base that the recipes have. */
function structureOf(recipes: Recipes, file: string, instructions: readonly DockerfileInstruction[]): Structure {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const at = (instruction?: DockerfileInstruction) => ({ file, line: instruction?.line ?? 1, column: 1 })
  const stages = splitStages(instructions, (instruction, ...problem) => report(at(instruction), ...problem))
  const final = stages.at(-1)
  if (!final) report(at(), 'there is no FROM', 'it is no Dockerfile')
  checkBuilder(instructions, (instruction, ...problem) => report(at(instruction), ...problem))
  const wanted = final?.base ?? ''
  const found = [...recipes.bases].find(([, { reference }]) => normalized(reference) === normalized(wanted))
  const image = [...recipes.images.keys()].find((image) => normalized(wanted) === `${recipes.registry}/${image}:latest`)
  if (final && !found && image === undefined) {
    report(at(final.from), `no base of the recipes is "${wanted}"`, `add it to "bases" in recipes/recipes.yaml`)
  }
  const copied = new Set(stages.flatMap((stage) => stage.instructions.flatMap(sourceStage)))
  const used = stages.slice(0, -1).filter(({ name }) => copied.has(name))
  for (const { from, base } of used) {
    if (normalized(base) === normalized(wanted)) continue
    const remedy = 'build it on the base of the image, or declare what it makes under "downloads"'
    report(at(from), `this stage is built on "${base}" and the image on "${wanted}"`, remedy)
  }
  throwProblems(problems)
  if (!final) throw new Error('a Dockerfile without FROM was reported')
  return { base: found ? found[0] : { image: image ?? '' }, final, stages: used }
}

function sourceStage({ keyword, value }: DockerfileInstruction): string[] {
  const [, name] = (keyword === 'COPY' && /^(?:--\S+\s+)*--from=(\S+)/.exec(value)) || []
  return name === undefined ? [] : [name]
}

/** A reference with what Docker adds to short ones. */
function normalized(reference: string): string {
  const [first = ''] = reference.split('/')
  const named = reference.includes('/') ? reference : `library/${reference}`
  const full = /[.:]|^localhost$/.test(first) && reference.includes('/') ? named : `docker.io/${named}`
  return /[:@][^/]*$/.test(full) ? full : `${full}:latest`
}

type Config = {
  readonly became: ReadonlyMap<DockerfileInstruction, Adopted['became']>
  readonly keys: Readonly<Record<string, unknown>>
}

/**
 * EXPOSE, and ENTRYPOINT and CMD in their JSON form, say the same at the end as anywhere. When one of the commands can not be
 * moved, neither is: an ENTRYPOINT resets the CMD of the base.
 */
function configOf(instructions: readonly DockerfileInstruction[]): Config {
  const became = new Map<DockerfileInstruction, Adopted['became']>()
  const keys: Record<string, unknown> = {}
  const ports = instructions.filter(({ keyword, value }) => keyword === 'EXPOSE' && value.split(/\s+/).every(isPort))
  for (const instruction of ports) became.set(instruction, 'ports')
  if (ports.length > 0) keys.ports = ports.flatMap(({ value }) => value.split(/\s+/))
  const commands = instructions.filter(({ keyword }) => keyword === 'ENTRYPOINT' || keyword === 'CMD')
  const words = commands.map(({ value }) => wordsOf(value))
  const distinct = new Set(commands.map(({ keyword }) => keyword)).size === commands.length
  const movable = words.every((list, index) => list && (commands[index]?.keyword === 'CMD' || isTarget(list[0] ?? '')))
  for (const [index, instruction] of commands.entries()) {
    if (!distinct || !movable) continue
    const key = instruction.keyword === 'CMD' ? 'cmd' : 'entrypoint'
    keys[key] = words[index]
    became.set(instruction, key)
  }
  return { became, keys }
}

function wordsOf(value: string): string[] | undefined {
  try {
    const words: unknown = JSON.parse(value)
    const isList = Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string')
    return isList ? words : undefined
  } catch {
    return undefined
  }
}

/** COPY and ADD with their sources below the folder of the context; undefined when nothing of the context is named. */
function rewriteSources({ keyword, value, text }: DockerfileInstruction): string[] | undefined {
  if (keyword !== 'COPY' && keyword !== 'ADD') return undefined
  const [, flags = '', rest = ''] = /^((?:--\S+\s+)*)([\s\S]*)$/.exec(value) ?? []
  if (/--from=/.test(flags)) return undefined
  const json = wordsOf(rest)
  const words = json ?? rest.split(/\s+/)
  const sources = words.slice(0, -1).map((source) => {
    const isRemote = keyword === 'ADD' && /^(?:https?|ftp|git):|^git@/.test(source)
    return isRemote ? source : `${CONTEXT_FOLDER}/${source.replace(/^(?:\.?\/)+/, '').replace(/^\.$/, '')}`
  })
  if (!sources.some((source) => source.startsWith(`${CONTEXT_FOLDER}/`))) return undefined
  const all = [...sources, words.at(-1) ?? '']
  return [...commentsOf(text), `${keyword} ${flags}${json ? JSON.stringify(all) : all.join(' ')}`]
}

/** The first snippet all of whose apt packages an instruction installs. */
function snippetFor({ snippets }: Recipes, { keyword, value }: DockerfileInstruction): string | undefined {
  if (keyword !== 'RUN' || !/\bapt(?:-get)?\b[\s\S]*\binstall\b/.test(value)) return undefined
  const words = new Set(value.split(/[\s;&|]+/))
  const found = [...snippets.values()].find(({ packages }) => {
    const names = packages.get('apt') ?? []
    return names.length > 0 && names.every(({ text }) => words.has(text))
  })
  return found?.name
}
