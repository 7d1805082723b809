import type { ImageDefinition } from './image.ts'
import type { Location, Report } from './problem.ts'
import { type Definitions, imageResolver, type ResolvedImage } from './resolution.ts'
import type { Snippet } from './snippet.ts'
import { SUPERVISORS } from './supervisor.ts'

const supervisorSnippets: ReadonlySet<string> = new Set(Object.values(SUPERVISORS).map(({ snippet }) => snippet))

/**
 * Resolves an image, and all it is built on, as the virtual machine of the same recipe. The supervisor is systemd, which a machine
 * has: the snippets that bring one into an image bring nothing here.
 */
export function resolveMachine(
  image: ImageDefinition,
  definitions: Definitions,
  report: Report,
): ResolvedImage | undefined {
  const all = new Map([...definitions.images]).set(image.name, image)
  const images = new Map([...all].map(([name, other]) => [name, asMachine(other)] as const))
  const snippets = new Map(definitions.snippets)
  for (const name of supervisorSnippets) {
    const snippet = snippets.get(name)
    snippets.set(name, emptySnippet(name, snippet?.file ?? image.file))
  }
  return imageResolver({ ...definitions, images, snippets }, report)(image.name)
}

/** What an image says that a machine has no place for. */
export function refuseContainerOnly(image: ImageDefinition, report: Report): void {
  const refuse = (what: string, location: Location) =>
    report(location, `${what} is for containers, and "${image.name}" is to be a virtual machine too`, remedy)
  const remedy = 'use a service of a snippet; or leave out "kernel"'
  if (image.entrypoint) refuse('"entrypoint"', image.entrypoint.origin)
  if (image.cmd) refuse('"cmd"', image.cmd.origin)
  const [line] = image.fragment ?? []
  if (image.fragment) refuse('"dockerfile"', line?.origin ?? image.location)
}

function asMachine(image: ImageDefinition): ImageDefinition {
  const { supervisor, base, snippets, ...rest } = image
  const own = snippets.filter(({ name }) => !supervisorSnippets.has(name))
  const chosen = base.kind === 'base' ? { supervisor: { name: 'systemd' as const, location: image.location } } : {}
  return { ...rest, base, snippets: own, ...chosen }
}

function emptySnippet(name: string, file: string): Snippet {
  return {
    name,
    file,
    description: 'The supervisor, which a machine has already',
    options: new Map(),
    requires: [],
    after: [],
    downloads: [],
    stages: [],
    network: [],
    packages: new Map(),
    install: [],
    files: [],
    run: [],
    services: [],
    environment: new Map(),
    ports: [],
    volumes: [],
    tests: [],
  }
}
