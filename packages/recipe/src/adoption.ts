import { type DockerfileInstruction, parseInstructions } from './dockerfile-instructions.ts'
import { isPort, isTarget } from './names.ts'
import { type Problem, reportInto, throwProblems } from './problem.ts'
import type { Recipes } from './recipes.ts'
import { CONTEXT_FOLDER } from './render.ts'

/** What became of an instruction of the adopted Dockerfile. */
export type Adopted = {
  readonly line: number
  readonly keyword: string
  /** The key of image.yaml that holds it now. */
  readonly became: 'base' | 'ports' | 'entrypoint' | 'cmd' | 'dockerfile'
  /** A snippet that may do the same, for whoever goes on from here. */
  readonly snippet?: string
}

/** An image definition made of a Dockerfile. */
export type Adoption = {
  /** For image.yaml. */
  readonly image: Readonly<Record<string, unknown>>
  /** Every instruction of the original, in its order. */
  readonly accounts: readonly Adopted[]
  /** It copies files of its context, which go to the folder "context" beside image.yaml. */
  readonly needsContext: boolean
}

/**
 * Makes an image definition of a Dockerfile of one stage. What has words in the recipes becomes that, when moving it to where
 * recipes put it changes nothing; the rest stays as it is, in its order and with its comments, as instructions of the image.
 *
 * @throws {RecipeError} `invalid`: more than one stage, a base that the recipes do not have, what the classic builder lacks
 */
export function adoptDockerfile(recipes: Recipes, name: string, file: string, text: string): Adoption {
  const instructions = parseInstructions(text)
  const base = baseOf(recipes, file, instructions)
  const rest = instructions.filter(({ keyword }) => keyword !== 'FROM')
  const config = configOf(rest)
  const raw: string[] = []
  let needsContext = false
  const accounts = instructions.map((instruction): Adopted => {
    const { line, keyword } = instruction
    if (keyword === 'FROM') return { line, keyword, became: 'base' }
    const became = config.became.get(instruction)
    if (became) return { line, keyword, became }
    const copied = rewriteSources(instruction)
    needsContext ||= copied !== undefined
    raw.push(...(copied ?? instruction.text))
    const snippet = snippetFor(recipes, instruction)
    return { line, keyword, became: 'dockerfile', ...(snippet ? { snippet } : {}) }
  })
  const image = {
    description: `${name}, adopted from its Dockerfile`,
    base,
    ...config.keys,
    ...(raw.length > 0 ? { dockerfile: `${raw.join('\n')}\n` } : {}),
  }
  return { image, accounts, needsContext }
}

function baseOf(recipes: Recipes, file: string, instructions: readonly DockerfileInstruction[]): unknown {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const froms = instructions.filter(({ keyword }) => keyword === 'FROM')
  const [from, second] = froms
  const at = (instruction?: DockerfileInstruction) => ({ file, line: instruction?.line ?? 1, column: 1 })
  if (!from) report(at(), 'there is no FROM', 'it is no Dockerfile')
  if (second) report(at(second), 'a second stage can not be adopted', 'write a snippet with "stages" for it')
  const early = instructions.find(({ line, keyword }) => from && line < from.line && keyword === 'ARG')
  if (early) report(at(early), 'an ARG before FROM can not be adopted', 'put its value into FROM')
  for (const instruction of instructions) {
    const { keyword, value } = instruction
    if (/^(?:RUN|COPY|ADD)$/.test(keyword) && /(?:^|\s)<<-?\s*["']?[A-Za-z_]/.test(value)) {
      report(at(instruction), 'here-documents need BuildKit', 'put the text into a file')
    }
    if (/^(?:RUN|COPY|ADD)$/.test(keyword) && /^--(?:mount|link|security|network)\b/.test(value)) {
      report(at(instruction), 'this flag needs BuildKit', 'leave it out')
    }
  }
  const wanted = from?.value.split(/\s+/)[0] ?? ''
  const found = [...recipes.bases].find(([, { reference }]) => normalized(reference) === normalized(wanted))
  const image = [...recipes.images.keys()].find((image) => normalized(wanted) === `${recipes.registry}/${image}:latest`)
  if (from && !found && !image) {
    report(at(from), `no base of the recipes is "${wanted}"`, `add it to "bases" in recipes/recipes.yaml`)
  }
  throwProblems(problems)
  return found ? found[0] : { image }
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
  const comments = text.filter((line) => /^\s*#/.test(line))
  return [...comments, `${keyword} ${flags}${json ? JSON.stringify(all) : all.join(' ')}`]
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
