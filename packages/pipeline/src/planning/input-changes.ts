import { SNAPSHOT_ARGUMENT } from '@tf-images/recipe'
import type { BuildInputs } from './build-inputs.ts'
import type { PlanReason } from './plan.ts'

/** What of the image that is planned helps to name what changed. */
export type ChangeNames = {
  /** URLs of downloads by the build argument that has their hash. */
  readonly downloads: ReadonlyMap<string, string>
  /** Whether it is built on an image of the recipes. */
  readonly hasParent: boolean
}

/** More files than this are counted, not named. */
const MOST_FILES = 5

/**
 * What changed between the inputs that an image was built from and those of now, in words, the causes before their effects:
 * a file of a snippet is not told when the snippet's version tells it already.
 */
export function inputChanges(before: BuildInputs, now: BuildInputs, names: ChangeNames): PlanReason[] {
  const reasons = [
    ...baseChanges(before, now, names),
    ...imageChanges(before, now),
    ...snippetChanges(before.snippets, now.snippets),
    ...argumentChanges(before.arguments, now.arguments, names),
    ...fileChanges(before, now),
    ...toolChanges(before, now),
  ]
  if (reasons.length > 0) return reasons
  const text =
    before.context === now.context ? 'what it is built with changed' : 'this version of flist renders it in another way'
  return [{ kind: 'builder', text }]
}

function baseChanges(
  { base: before }: BuildInputs,
  { base: now }: BuildInputs,
  { hasParent }: ChangeNames,
): PlanReason[] {
  const kind = hasParent ? 'parent' : 'base'
  if (before.name !== now.name) return [{ kind, text: `base ${before.name} → ${now.name}` }]
  if (before.digest === now.digest) return []
  return [{ kind, text: hasParent ? `${now.name}, which it is built on, was built again` : `base ${now.name} moved` }]
}

/** Of a Dockerfile of somebody's own; what it names anew, or no more, its file tells. */
function imageChanges({ base, images: before = {} }: BuildInputs, { images: now = {} }: BuildInputs): PlanReason[] {
  const moved = changedKeys(before, now).filter((name) => name !== base.name && own(before, name) && own(now, name))
  return moved.map((name) => ({ kind: 'base', text: `${name}, which a stage takes, moved` }))
}

function snippetChanges(before: BuildInputs['snippets'], now: BuildInputs['snippets']): PlanReason[] {
  return changedKeys(before, now).flatMap((name): PlanReason[] => {
    const [old, fresh] = [own(before, name), own(now, name)]
    if (old === undefined) return [{ kind: 'snippet', text: `snippet ${`${name} ${fresh}`.trim()} is new in it` }]
    if (fresh === undefined) return [{ kind: 'snippet', text: `snippet ${name} is not in it any more` }]
    return [
      { kind: 'snippet', text: `snippet ${name} ${old || 'without a version'} → ${fresh || 'without a version'}` },
    ]
  })
}

function argumentChanges(
  before: BuildInputs['arguments'],
  now: BuildInputs['arguments'],
  { downloads }: ChangeNames,
): PlanReason[] {
  return changedKeys(before, now).flatMap((name): PlanReason[] => {
    const url = downloads.get(name)
    if (own(before, name) === undefined || own(now, name) === undefined) return []
    if (name === SNAPSHOT_ARGUMENT) {
      return [{ kind: 'argument', text: `packages of ${own(before, name)} → ${own(now, name)}` }]
    }
    const text = url === undefined ? `build argument ${name} changed` : `the lock has another hash of ${url}`
    return [{ kind: 'argument', text }]
  })
}

function fileChanges(before: BuildInputs, now: BuildInputs): PlanReason[] {
  const told = changedKeys(before.snippets, now.snippets).map((name) => `recipes/snippets/${name}/`)
  const names = changedKeys(before.files, now.files).filter((file) => !told.some((folder) => file.startsWith(folder)))
  // Files alone change nothing: their comments did, and something else the rest.
  if (before.context === now.context) return []
  const named = names.slice(0, MOST_FILES).map((file): PlanReason => {
    if (own(before.files, file) === undefined) return { kind: 'file', text: `file ${file} is new` }
    if (own(now.files, file) === undefined) return { kind: 'file', text: `file ${file} is gone` }
    return { kind: 'file', text: `file ${file} changed` }
  })
  const more = names.length - named.length
  return more > 0 ? [...named, { kind: 'file', text: `${more} more files changed` }] : named
}

function toolChanges(before: BuildInputs, now: BuildInputs): PlanReason[] {
  const texts: [PlanReason['kind'], string, string, string][] = [
    ['converter', 'converter', before.converter, now.converter],
    ['builder', 'builder', before.builder, now.builder],
    ['platform', 'platform', before.platform, now.platform],
    ['converter', '/.startup.toml', added(before), added(now)],
  ]
  return texts.flatMap(([kind, what, old, fresh]) =>
    old === fresh ? [] : [{ kind, text: `${what} ${old} → ${fresh}` }],
  )
}

function added({ startupToml }: BuildInputs): string {
  return startupToml ? 'added' : 'not added'
}

type Texts = Readonly<Record<string, string>>

function changedKeys(before: Texts, now: Texts): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(now)])
  return [...keys].sort().filter((key) => own(before, key) !== own(now, key))
}

function own(texts: Texts, key: string): string | undefined {
  return Object.hasOwn(texts, key) ? texts[key] : undefined
}
