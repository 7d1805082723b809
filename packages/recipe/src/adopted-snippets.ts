import type { DockerfileInstruction } from './dockerfile-instructions.ts'
import { parseInstructions } from './dockerfile-instructions.ts'
import { RecipeError } from './problem.ts'
import type { Recipes } from './recipes.ts'
import type { ContextFile, RenderedImage } from './render.ts'
import { renderSnippet } from './scenario-image.ts'
import type { Snippet } from './snippet.ts'

/** A file of a build context, as COPY takes it; undefined where there is no such regular file. */
export type ContextReader = (path: string) => Promise<ContextFile | undefined>

/** A snippet that does what some instructions do. */
export type RecognisedSnippet = { readonly name: string; readonly instructions: readonly DockerfileInstruction[] }

/**
 * Finds the snippets that do what the first instructions of a Dockerfile do. Each candidate is rendered on the same base with
 * the defaults of its options: its commands, its files byte by byte and its variables have to be those of the instructions. Only
 * that a snippet cleans up more after its packages is passed over. Only the first ones: snippets come before all else.
 */
export async function recogniseSnippets(
  recipes: Recipes,
  base: string,
  instructions: readonly DockerfileInstruction[],
  read: ContextReader,
): Promise<RecognisedSnippet[]> {
  const steps = await stepsOf(instructions, read)
  const found: RecognisedSnippet[] = []
  const candidates = [...recipes.snippets.values()].filter(isPlain)
  for (let start = 0; start < steps.length; ) {
    const matches = await Promise.all(
      candidates
        .filter(({ name }) => found.every((other) => other.name !== name))
        .map(async ({ name }) => ({ name, length: await matchLength(recipes, base, name, steps.slice(start)) })),
    )
    const [best] = matches.filter(({ length }) => length > 0).sort((a, b) => b.length - a.length)
    if (!best) break
    const taken = steps.slice(start, start + best.length)
    found.push({ name: best.name, instructions: taken.flatMap((step) => step.instructions) })
    start += best.length
  }
  return found
}

/** Nothing about it is elsewhere in the Dockerfile, or needs more than the snippet. */
function isPlain({ services, downloads, stages, ports, volumes, requires, after, options }: Snippet): boolean {
  const lists = [services, downloads, stages, ports, volumes, requires, after]
  return (
    lists.every(({ length }) => length === 0) && [...options.values()].every((option) => option.default !== undefined)
  )
}

/** What some instructions do, in words that do not depend on how they are written. */
type Step = { readonly does: string; readonly instructions: readonly DockerfileInstruction[] }

async function matchLength(recipes: Recipes, base: string, name: string, steps: readonly Step[]): Promise<number> {
  const rendered = renderedOn(recipes, base, name)
  if (!rendered) return 0
  const own = parseInstructions(rendered.files.get('Dockerfile')?.content.toString() ?? '')
  const parts = own.filter(({ keyword }) => !/^(?:ARG|FROM|LABEL)$/.test(keyword))
  const wanted = await stepsOf(parts, async (path) => rendered.files.get(path))
  const isSame = wanted.every(({ does }, index) => does !== '' && does === steps[index]?.does)
  return isSame ? wanted.length : 0
}

function renderedOn(recipes: Recipes, base: string, name: string): RenderedImage | undefined {
  try {
    return renderSnippet(recipes, name, base)
  } catch (error) {
    // It is for another distribution.
    if (error instanceof RecipeError) return undefined
    throw error
  }
}

/** Steps in their order; several COPY or ENV in a row are one. A step nobody can compare does nothing that has words. */
async function stepsOf(instructions: readonly DockerfileInstruction[], read: ContextReader): Promise<Step[]> {
  const steps: { keyword: string; parts: string[]; instructions: DockerfileInstruction[] }[] = []
  for (const instruction of instructions) {
    const { keyword } = instruction
    const parts = await partsOf(instruction, read)
    const last = steps.at(-1)
    if (last && last.keyword === keyword && /^(?:COPY|ENV)$/.test(keyword) && parts && last.parts.length > 0) {
      last.parts.push(...parts)
      last.instructions.push(instruction)
    } else steps.push({ keyword, parts: parts ?? [], instructions: [instruction] })
  }
  return steps.map(({ keyword, parts, instructions }) => {
    const ordered = keyword === 'RUN' ? parts : [...parts].sort()
    return { does: parts.length === 0 ? '' : JSON.stringify([keyword, ...ordered]), instructions }
  })
}

async function partsOf(instruction: DockerfileInstruction, read: ContextReader): Promise<string[] | undefined> {
  if (instruction.keyword === 'RUN') return commandParts(instruction.value)
  if (instruction.keyword === 'ENV') return variableParts(instruction.value)
  return instruction.keyword === 'COPY' ? fileParts(instruction.value, read) : undefined
}

/** Leaves nothing of a system but lists, caches and logs of its packages. */
const CLEANING = [
  /^apt-get (?:-\S+ )*clean$/,
  /^: > \/etc\/machine-id$/,
  /^rm -r?f?r? (?:\/var\/(?:lib\/apt\/lists|cache\/apt|log\/apt|cache\/debconf|lib\/dpkg|log\/dpkg\.log|log\/alternatives\.log|cache\/ldconfig\/aux-cache)(?:\/?\*|\/\*-old|\/)?(?: |$))+$/,
]

function commandParts(value: string): string[] | undefined {
  const commands = value.split(/\s+&&\s+/).map((command) => command.replaceAll(/\s+/g, ' ').trim())
  const parts = commands.filter((command) => !CLEANING.some((pattern) => pattern.test(command))).map(installPart)
  return value.startsWith('[') || parts.some((part) => /[;|`<]|\$\(/.test(part)) ? undefined : parts
}

/** An installation by its packages, however it is written; packages that are only recommended make it another one. */
function installPart(command: string): string {
  const [, flags = '', words = ''] =
    /^(?:DEBIAN_FRONTEND=noninteractive )?apt-get ((?:-\S+ )*)install ?(.*)$/.exec(command) ?? []
  if (words === '') return command.replace(/^apt-get (?:-\S+ )*update(?: -\S+)*$/, 'apt-get update')
  const all = `${flags}${words}`.split(' ').filter((word) => word !== '')
  const options = all.filter(
    (word) => word.startsWith('-') && !/^(?:-y|-yq|-qy|-q|-qq|-yqq|--yes|--assume-yes)$/.test(word),
  )
  const names = all.filter((word) => !word.startsWith('-')).sort()
  return ['install', ...options.sort(), ...names].join(' ')
}

function variableParts(value: string): string[] | undefined {
  if (value.includes('$')) return undefined
  const pairs = [...value.matchAll(/(\w+)=(?:"([^"\\]*)"|([^\s"'\\]*))(?:\s+|$)/g)]
  if (pairs.map(([whole]) => whole).join('') !== value) return undefined
  return pairs.map(([, name, quoted, plain]) => `${name}=${quoted ?? plain ?? ''}`)
}

/** Each file with its place, mode, owner and bytes; only single files that are there, by their names. */
async function fileParts(value: string, read: ContextReader): Promise<string[] | undefined> {
  const [, owner = '', rest = ''] = /^(?:--chown=(\S+)\s+)?(.*)$/.exec(value) ?? []
  const words = rest.split(/\s+/)
  const target = words.pop() ?? ''
  const isFolder = target.endsWith('/')
  if (/^[[-]/.test(rest) || !target.startsWith('/') || words.length === 0) return undefined
  if (/[*?$[]/.test(rest) || (words.length > 1 && !isFolder)) return undefined
  const parts: string[] = []
  for (const source of words) {
    const file = await read(source.replace(/^(?:\.?\/)+/, ''))
    if (!file) return undefined
    const name = isFolder ? `${target}${source.split('/').at(-1)}` : target
    parts.push(JSON.stringify([name, owner, file.mode, file.content.toString('base64')]))
  }
  return parts
}
