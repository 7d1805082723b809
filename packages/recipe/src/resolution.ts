import type { ImageDefinition } from './image.ts'
import type { OptionValues } from './options.ts'
import { PACKAGE_MANAGERS, type PackageManager } from './package-manager.ts'
import {
  type Location,
  type Problem,
  RecipeError,
  type Report,
  reportInto,
  throwProblems,
  watchReport,
} from './problem.ts'
import type { Base } from './recipes-schema.ts'
import { orderServices, type ServiceOrder } from './service-order.ts'
import { type Snippet, snippetTargets } from './snippet.ts'
import { resolveSnippets } from './snippet-resolution.ts'
import { suggest } from './suggestion.ts'
import { SUPERVISORS, type Supervisor } from './supervisor.ts'

/** The definitions of a project, by name. */
export type Definitions = {
  readonly bases: ReadonlyMap<string, Base>
  readonly snippets: ReadonlyMap<string, Snippet>
  readonly images: ReadonlyMap<string, ImageDefinition>
  /** Those that are there but could not be read: the problems of their own are enough. */
  readonly unreadable: {
    readonly bases: boolean
    readonly snippets: ReadonlySet<string>
    readonly images: ReadonlySet<string>
  }
}

/** A snippet with the options an image gives it. */
export type ResolvedSnippet = {
  readonly snippet: Snippet
  readonly options: OptionValues
  /** Where the image lists it, or the snippet that needs it. */
  readonly location: Location
  /** The snippet that needs it, when the image does not list it. */
  readonly requiredBy?: string
}

/** An image whose names are all resolved: what it adds, in order, and what it stands on. */
export type ResolvedImage = {
  readonly definition: ImageDefinition
  readonly parent?: ResolvedImage
  readonly base: Base & { readonly name: string }
  readonly packageManager: PackageManager
  readonly supervisor?: Supervisor
  /** The snippets this image adds to its parent, in the order of their layers. */
  readonly snippets: readonly ResolvedSnippet[]
  /** The services of this image and of all it is built on, by name. */
  readonly services: ServiceOrder
}

/**
 * Resolves images by name, and with each those it is built on. What is wrong in one is reported once; it and all that is
 * built on it then give undefined. So do images that are built on themselves, which `buildOrder` reports.
 */
export function imageResolver(definitions: Definitions, report: Report): (name: string) => ResolvedImage | undefined {
  const resolved = new Map<string, ResolvedImage | undefined>()
  const resolve = (name: string): ResolvedImage | undefined => {
    const definition = definitions.images.get(name)
    if (resolved.has(name) || definition === undefined) return resolved.get(name)
    resolved.set(name, undefined)
    const image = resolveImage(definition, definitions, resolve, report)
    resolved.set(name, image)
    return image
  }
  return resolve
}

/**
 * Resolves one image of recipes that were checked.
 *
 * @throws {RecipeError} `unknown-image`
 */
export function resolveNamed(recipes: Omit<Definitions, 'unreadable'>, name: string): ResolvedImage {
  const problems: Problem[] = []
  const unreadable = { bases: false, snippets: new Set<string>(), images: new Set<string>() }
  const resolved = imageResolver({ ...recipes, unreadable }, reportInto(problems))(name)
  throwProblems(problems)
  if (resolved) return resolved
  const known = [...recipes.images.keys()].join(', ')
  throw new RecipeError('unknown-image', `recipes/images: no image "${name}"; known: ${known}`)
}

function resolveImage(
  definition: ImageDefinition,
  definitions: Definitions,
  resolve: (name: string) => ResolvedImage | undefined,
  report: Report,
): ResolvedImage | undefined {
  const watch = watchReport(report)
  const { base, parent } = resolveBase(definition, definitions, resolve, watch.report)
  const complete = definition.snippets.every((use) => !definitions.unreadable.snippets.has(use.name))
  const supervisor = resolveSupervisor(definition, parent, watch.report)
  const snippets = resolveSnippets(definition, definitions, parent, watch.report)
  if (base === undefined || !complete) return undefined
  const packageManager = PACKAGE_MANAGERS[base.family]
  for (const { snippet, location } of snippets) {
    checkDistribution(snippet, base, location, watch.report)
    checkPackages(snippet, packageManager, location, watch.report)
  }
  checkTargets(definition, snippets, parent, watch.report)
  const services = orderServices(definition, snippets, parent?.services, supervisor !== undefined, watch.report)
  if (watch.hasProblems()) return undefined
  const optional = { ...(parent ? { parent } : {}), ...(supervisor ? { supervisor } : {}) }
  return { definition, base, packageManager, snippets, services, ...optional }
}

function resolveBase(
  { base: { kind, name, location } }: ImageDefinition,
  { bases, images, unreadable }: Definitions,
  resolve: (name: string) => ResolvedImage | undefined,
  report: Report,
): { base?: Base & { name: string }; parent?: ResolvedImage } {
  if (kind === 'base') {
    const base = bases.get(name)
    if (base) return { base: { ...base, name } }
    if (unreadable.bases) return {}
    const hint = images.has(name) ? `write "base: { image: ${name} }" for the image` : suggest(name, bases.keys())
    report(location, `no base "${name}" in recipes/recipes.yaml`, hint)
    return {}
  }
  const parent = resolve(name)
  if (parent) return { base: parent.base, parent }
  if (!images.has(name) && !unreadable.images.has(name)) {
    report(location, `no image "${name}"`, suggest(name, images.keys()))
  }
  return {}
}

function resolveSupervisor(
  { supervisor, name }: ImageDefinition,
  parent: ResolvedImage | undefined,
  report: Report,
): Supervisor | undefined {
  if (supervisor && parent?.supervisor) {
    report(supervisor.location, `image "${name}" has the supervisor of "${parent.definition.name}"`, 'remove this line')
  }
  return parent?.supervisor ?? (supervisor && SUPERVISORS[supervisor.name])
}

function checkDistribution(
  { name, distributions }: Snippet,
  base: Base & { readonly name: string },
  location: Location,
  report: Report,
): void {
  const [distribution = ''] = base.name.split(':')
  if (!distributions || [base.name, distribution, base.family].some((known) => distributions.includes(known))) return
  report(location, `snippet "${name}" does not support "${base.name}"`, `it supports ${distributions.join(', ')}`)
}

function checkPackages(
  { name, packages, stages }: Snippet,
  manager: PackageManager,
  location: Location,
  report: Report,
): void {
  for (const list of [packages, ...stages.map((stage) => stage.packages)]) {
    if (list.size === 0 || list.has(manager)) continue
    report(
      location,
      `snippet "${name}" has no packages for ${manager}`,
      `it has them for ${[...list.keys()].join(', ')}`,
    )
  }
}

/** A file has one snippet that owns it. The files of an image itself come last and may replace those of snippets. */
function checkTargets(
  definition: ImageDefinition,
  snippets: readonly ResolvedSnippet[],
  parent: ResolvedImage | undefined,
  report: Report,
): void {
  const owners = new Map<string, string>()
  for (let image = parent; image; image = image.parent) {
    for (const { snippet } of image.snippets) {
      for (const target of snippetTargets(snippet)) owners.set(target, snippet.name)
    }
  }
  for (const { snippet, location } of snippets) {
    for (const target of snippetTargets(snippet)) {
      const owner = owners.get(target)
      if (owner !== undefined) {
        report(location, `snippets "${owner}" and "${snippet.name}" both own "${target}"`, 'leave one of them out')
      }
      owners.set(target, snippet.name)
    }
  }
  const targets = [...owners.keys(), ...definition.files.map(({ target }) => target)]
  for (const { target, location } of definition.files) {
    const below = targets.find((other) => other.startsWith(`${target}/`))
    if (below !== undefined) report(location, `"${target}" is a file here, and a folder for "${below}"`)
  }
}
