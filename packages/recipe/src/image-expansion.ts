import { dependencyOrder } from './dependency-order.ts'
import type { ImageDefinition, ImageDraft, SnippetUse } from './image.ts'
import { expandVariants } from './image-variants.ts'
import type { Report } from './problem.ts'
import { suggest } from './suggestion.ts'

/**
 * Makes images of what the files say: puts in what they extend, and the variants of each. What is wrong is reported; images
 * that can not be made are in `unreadable`, which is added to.
 */
export function expandImages(
  drafts: ReadonlyMap<string, ImageDraft>,
  unreadable: Set<string>,
  report: Report,
): Map<string, ImageDefinition> {
  const merged = new Map<string, ImageDraft>()
  const extended = (name: string) => drafts.get(name)?.extends
  const order = dependencyOrder(
    drafts.keys(),
    (name) => [extended(name)?.name].filter((other) => other !== undefined),
    (cycle) => {
      const location = extended(cycle[0] ?? '')?.location
      if (location) report(location, `image "${cycle[0]}" extends itself: ${cycle.join(' → ')}`)
    },
  )
  for (const name of order) {
    const draft = drafts.get(name)
    const whole = draft && mergeDraft(draft, merged, { drafts, unreadable, report })
    if (whole) merged.set(name, whole)
    else unreadable.add(name)
  }
  const images = new Map<string, ImageDefinition>()
  for (const draft of merged.values()) {
    for (const image of imagesOf(draft, report)) {
      const other = images.get(image.name)
      if (other) report(draft.location, `image "${image.name}" is also made by ${other.file}`, 'rename one of the two')
      images.set(image.name, image)
    }
    if (!images.has(draft.name)) unreadable.add(draft.name)
  }
  return new Map([...images].sort(([a], [b]) => (a < b ? -1 : 1)))
}

type Drafts = {
  readonly drafts: ReadonlyMap<string, ImageDraft>
  readonly unreadable: ReadonlySet<string>
  readonly report: Report
}

function mergeDraft(
  draft: ImageDraft,
  merged: ReadonlyMap<string, ImageDraft>,
  { drafts, unreadable, report }: Drafts,
): ImageDraft | undefined {
  if (!draft.extends) return draft
  const { name, location } = draft.extends
  const below = merged.get(name)
  if (below) return extendDraft(below, draft)
  if (!drafts.has(name) && !unreadable.has(name)) report(location, `no image "${name}"`, suggest(name, drafts.keys()))
  return undefined
}

/** What the image says replaces what it extends, entry by entry: snippets by name, files by target, the rest by key. */
function extendDraft(below: ImageDraft, own: ImageDraft): ImageDraft {
  const base = own.base ?? below.base
  const supervisor = own.supervisor ?? below.supervisor
  const kernel = own.kernel ?? below.kernel
  const entrypoint = own.entrypoint ?? below.entrypoint
  const cmd = own.cmd ?? below.cmd
  const fragment = own.fragment ?? below.fragment
  return {
    ...own,
    sources: [...below.sources, ...own.sources],
    ...(base ? { base } : {}),
    ...(supervisor ? { supervisor } : {}),
    ...(kernel ? { kernel } : {}),
    ...(entrypoint ? { entrypoint } : {}),
    ...(cmd ? { cmd } : {}),
    ...(fragment ? { fragment } : {}),
    snippets: extendSnippets(below.snippets, own.snippets),
    files: [...below.files.filter(({ target }) => own.files.every((file) => file.target !== target)), ...own.files],
    context: [...below.context.filter(({ path }) => own.context.every((file) => file.path !== path)), ...own.context],
    environment: new Map([...below.environment, ...own.environment]),
    ports: [...below.ports, ...own.ports],
    packages: [...below.packages, ...own.packages],
    volumes: [...below.volumes, ...own.volumes],
    labels: new Map([...below.labels, ...own.labels]),
    stages: [...below.stages.filter(({ name }) => own.stages.every((stage) => stage.name !== name)), ...own.stages],
    tests: own.tests.length > 0 ? own.tests : below.tests,
  }
}

function extendSnippets(below: readonly SnippetUse[], own: readonly SnippetUse[]): SnippetUse[] {
  const changed = below.map((use) => {
    const again = own.find(({ name }) => name === use.name)
    return again ? { ...again, options: new Map([...use.options, ...again.options]) } : use
  })
  return [...changed, ...own.filter(({ name }) => below.every((use) => use.name !== name))]
}

function imagesOf(draft: ImageDraft, report: Report): ImageDefinition[] {
  const { base, variants, abstract, extends: _, ...rest } = draft
  if (abstract) return []
  const chosen = variants?.axes.get('base')
  const [first] = chosen?.values ?? []
  const found =
    base ?? (chosen && first ? { kind: 'base' as const, name: first, location: chosen.location } : undefined)
  if (!found) {
    report(
      draft.location,
      `image "${draft.name}" has no base`,
      'add "base: …", or "extends: …" with an image that has one',
    )
    return []
  }
  const image = { ...rest, base: found }
  return variants ? expandVariants(image, variants, report) : [image]
}
