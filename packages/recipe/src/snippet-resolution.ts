import { dependencyOrder } from './dependency-order.ts'
import type { ImageDefinition, SnippetUse } from './image.ts'
import { resolveOptions } from './options.ts'
import type { Report } from './problem.ts'
import type { Definitions, ResolvedImage, ResolvedSnippet } from './resolution.ts'
import type { Snippet } from './snippet.ts'
import { suggest } from './suggestion.ts'
import { SUPERVISORS } from './supervisor.ts'

/** The snippets an image lists, and before each those it requires, unless they are in the image it is built on. */
export function resolveSnippets(
  definition: ImageDefinition,
  definitions: Definitions,
  parent: ResolvedImage | undefined,
  report: Report,
): ResolvedSnippet[] {
  const { snippets } = definitions
  const inherited = inheritedSnippets(parent)
  const uses: ReadonlyMap<string, RequiredUse> = withRequired(
    listedSnippets(definition, definitions, parent, inherited, report),
    snippets,
    inherited,
  )
  const order = dependencyOrder(
    uses.keys(),
    (name) => predecessorsOf(name, snippets),
    () => {},
  )
  return order.flatMap((name) => {
    const snippet = snippets.get(name)
    const use = uses.get(name)
    if (!snippet || !use) return []
    const { location, requiredBy } = use
    const options = resolveOptions(name, snippet.options, use.options, location, report)
    return [{ snippet, options, location, ...(requiredBy ? { requiredBy } : {}) }]
  })
}

function listedSnippets(
  definition: ImageDefinition,
  { snippets, unreadable }: Definitions,
  parent: ResolvedImage | undefined,
  inherited: ReadonlyMap<string, string>,
  report: Report,
): Map<string, SnippetUse> {
  const uses = new Map<string, SnippetUse>()
  for (const use of supervisorFirst(definition, parent)) {
    const { name, location } = use
    const owner = inherited.get(name)
    if (unreadable.snippets.has(name)) continue
    if (!snippets.has(name)) report(location, `no snippet "${name}"`, suggest(name, snippets.keys()))
    else if (uses.has(name)) report(location, `snippet "${name}" is listed twice`, 'keep one of the two')
    else if (owner) report(location, `snippet "${name}" is already in "${owner}", which this image is built on`)
    else uses.set(name, use)
  }
  return uses
}

/** The snippet of the supervisor comes first; it need not be listed, unless to give it options. */
function supervisorFirst({ supervisor, snippets }: ImageDefinition, parent?: ResolvedImage): readonly SnippetUse[] {
  if (!supervisor || parent?.supervisor) return snippets
  const name = SUPERVISORS[supervisor.name].snippet
  const listed = snippets.find((use) => use.name === name)
  const use = listed ?? { name, options: new Map(), location: supervisor.location }
  return [use, ...snippets.filter((other) => other !== listed)]
}

/** A use that another snippet asked for, or the image itself. */
type RequiredUse = SnippetUse & { readonly requiredBy?: string }

function withRequired(
  uses: ReadonlyMap<string, SnippetUse>,
  snippets: ReadonlyMap<string, Snippet>,
  inherited: ReadonlyMap<string, string>,
): Map<string, RequiredUse> {
  const all = new Map<string, RequiredUse>(uses)
  const queue = [...uses.values()]
  for (const use of queue) {
    for (const name of requiredBy(use.name, snippets)) {
      if (all.has(name) || inherited.has(name)) continue
      const required = { name, options: new Map(), location: use.location, requiredBy: use.name }
      all.set(name, required)
      queue.push(required)
    }
  }
  return all
}

function requiredBy(name: string, snippets: ReadonlyMap<string, Snippet>): string[] {
  return (snippets.get(name)?.requires ?? []).map((required) => required.name)
}

/** The snippets that come before one, where they are in the image at all. */
export function predecessorsOf(name: string, snippets: ReadonlyMap<string, Snippet>): string[] {
  const { requires = [], after = [] } = snippets.get(name) ?? {}
  return [...requires, ...after].map((predecessor) => predecessor.name)
}

/** The snippets of all the images below, and the image that brings each. */
function inheritedSnippets(parent: ResolvedImage | undefined): Map<string, string> {
  const inherited = new Map<string, string>()
  for (let image = parent; image; image = image.parent) {
    for (const { snippet } of image.snippets) inherited.set(snippet.name, image.definition.name)
  }
  return inherited
}
