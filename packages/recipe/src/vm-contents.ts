import type { RunCommand } from './dockerfile.ts'
import { CONTINUATION } from './dockerfile.ts'
import {
  type ContentFile,
  type Contents,
  evaluateImage,
  type LocatedText,
  type SnippetContents,
} from './image-contents.ts'
import { environmentFile, MACHINE_SYSTEMD } from './machine-systemd.ts'
import type { Location, Problem, Report } from './problem.ts'
import { reportInto } from './problem.ts'
import type { ResolvedImage, ResolvedSnippet } from './resolution.ts'
import { PREFIX } from './systemd-units.ts'

/** What is done to the root of a machine once its packages are there; in this order. */
export type VmStep =
  | {
      readonly kind: 'command'
      /** Commands of one shell; each runs when the one before it succeeded. */
      readonly commands: readonly { readonly text: string; readonly place: Location }[]
      readonly environment: Readonly<Record<string, string>>
    }
  | {
      readonly kind: 'file'
      readonly target: string
      readonly mode: number
      /** `user` or `user:group` of the machine; root when there is none. */
      readonly owner?: string
      readonly content: Buffer
    }
  | {
      readonly kind: 'download'
      readonly url: string
      readonly sha256: string
      /** A file; of an archive, the folder it is unpacked to. */
      readonly target: string
      readonly mode: number
      readonly archive?: { readonly format: 'tar' | 'zip' /** Leading folders to leave out. */; readonly strip: number }
      readonly place: Location
    }

/** What snippets and files make of a machine. */
export type VmContents = {
  readonly packages: readonly { readonly name: string; readonly place: Location }[]
  readonly steps: readonly VmStep[]
  /** Like `80` or `53/udp`. */
  readonly ports: readonly string[]
  readonly volumes: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Units of the services that have to be up. */
  readonly services: readonly string[]
}

/**
 * Puts the values in, for a machine: the image and all it is built on, from the base up.
 *
 * @param image resolved by `resolveMachine`
 * @param hashes of the lock, by URL: those of downloads whose snippets leave them to it
 */
export function evaluateMachine(
  image: ResolvedImage,
  hashes: ReadonlyMap<string, string>,
  problems: Problem[],
): VmContents {
  const chain = chainOf(image).map((part) => underSystemd(part, image.services.size > 0))
  const report = reportInto(problems)
  const environment = new Map<string, LocatedText>()
  const steps: VmStep[] = []
  const evaluated = chain.map((part) => {
    const contents = evaluateImage(part, new Map(), problems)
    for (const [index, snippet] of contents.snippets.entries()) {
      const resolved = part.snippets[index]
      if (!resolved) continue
      refuseStages(resolved, image.definition.name, report)
      for (const [name, value] of snippet.environment) environment.set(name, value)
      steps.push(...snippetSteps(snippet, resolved, environment, hashes, report))
    }
    for (const [name, value] of contents.own.environment) environment.set(name, value)
    steps.push(...contents.own.files.map(fileStep))
    return contents
  })
  const packages = evaluated.flatMap(({ snippets }, index) => [
    ...snippets.flatMap((snippet) => snippet.packages),
    ...(chain[index]?.definition.packages ?? []),
  ])
  const all: readonly Contents[] = evaluated.flatMap((contents) => [...contents.snippets, contents.own])
  return {
    packages: packages.map(({ text, origin }) => ({ name: text, place: origin })),
    steps: [...steps, ...environmentFile(environment, image.definition.location).map(fileStep)],
    ports: unique(all.flatMap(({ ports }) => ports)),
    volumes: unique(all.flatMap(({ volumes }) => volumes)),
    environment: textsOf(environment),
    services: [...image.services.values()]
      .filter(({ definition }) => definition.type === 'longrun')
      .map(({ definition }) => `${PREFIX}${definition.name}`),
  }
}

function chainOf(image: ResolvedImage): ResolvedImage[] {
  const chain: ResolvedImage[] = []
  for (let part: ResolvedImage | undefined = image; part; part = part.parent) chain.unshift(part)
  return chain
}

/** Where nothing is to be started, nothing is needed for it. */
function underSystemd({ supervisor: _, ...image }: ResolvedImage, hasServices: boolean): ResolvedImage {
  return hasServices ? { ...image, supervisor: MACHINE_SYSTEMD } : image
}

function refuseStages({ snippet, location }: ResolvedSnippet, machine: string, report: Report): void {
  const [stage] = snippet.stages
  if (!stage) return
  const message = `snippet "${snippet.name}" has a stage "${stage.name}", which only a build of an image has`
  const hint = `leave it out of the virtual machine "${machine}", or give it a package or a download in its place`
  report(location, message, hint)
}

function snippetSteps(
  { steps, files, run, downloads }: SnippetContents,
  { snippet }: ResolvedSnippet,
  environment: ReadonlyMap<string, LocatedText>,
  hashes: ReadonlyMap<string, string>,
  report: Report,
): VmStep[] {
  const values = textsOf(environment)
  const loaded = snippet.downloads.flatMap(({ target, mode, archive, location: place }): VmStep[] => {
    const own = downloads.find((download) => download.target === target && download.architecture === 'amd64')
    if (!own) {
      report(place, `"${target}" has no download for amd64`, 'nodes have no other processors: add it')
      return []
    }
    const sha256 = own.sha256 ?? hashes.get(own.url)
    if (sha256 === undefined) {
      report(
        own.origin,
        `no sha256 of ${own.url} in the snippet or the lock`,
        'add it to the snippet, or run: flist lock',
      )
      return []
    }
    return [{ kind: 'download', url: own.url, sha256, target, mode, place, ...(archive ? { archive } : {}) }]
  })
  return [...loaded, ...commandSteps(steps, values), ...files.map(fileStep), ...commandSteps(run, values)]
}

function commandSteps(commands: readonly RunCommand[], environment: Readonly<Record<string, string>>): VmStep[] {
  if (commands.length === 0) return []
  const nowhere = { file: '', line: 1, column: 1 }
  return [
    {
      kind: 'command',
      environment,
      commands: commands.map(({ text, origins = [] }) => ({
        text: text.replaceAll(CONTINUATION, ' '),
        place: origins[0] ?? nowhere,
      })),
    },
  ]
}

function fileStep({ target, mode, owner, content }: ContentFile): VmStep {
  return { kind: 'file', target, mode, content, ...(owner ? { owner } : {}) }
}

function textsOf(values: ReadonlyMap<string, LocatedText>): Readonly<Record<string, string>> {
  return Object.fromEntries([...values].map(([name, { text }]) => [name, text]))
}

function unique(texts: readonly LocatedText[]): string[] {
  return [...new Set(texts.map(({ text }) => text))]
}
