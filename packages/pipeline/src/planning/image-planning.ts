import type { Lock, Recipes, RenderedImage } from '@tf-images/recipe'
import type { RegistryClient } from '@tf-images/registry'
import { createTurns } from '../at-once.ts'
import { missingInLock } from '../build-arguments.ts'
import { lockFaults } from '../lock.ts'
import type { HubState } from './hub-state.ts'
import type { PlannedImage, PlanReason } from './plan.ts'
import { type BaseState, type Bases, lookForBases } from './plan-bases.ts'
import { expectedCost } from './plan-cost.ts'
import type { PlanOptions } from './plan-images.ts'
import { type PlanContext, planBuild } from './planned-build.ts'

/** What plans are made of. */
export type PlanSources = {
  readonly options: PlanOptions
  readonly client: RegistryClient
  readonly lock: Promise<Lock | undefined>
  readonly hub: Promise<HubState | undefined>
  /** Images that were asked for; all when not given. */
  readonly selected?: ReadonlySet<string>
  readonly onRequest: () => void
  readonly signal: AbortSignal
}

/** What images on top of one need to know of it: its digest; none while it is not built, or can not be. */
export type Planned = Omit<PlannedImage, 'wave'> & { readonly digest?: string }

/** Plans images one by one, as they get known. */
export type Planning = {
  /** Begins with an image, once; what it is built on was added before. */
  add(image: RenderedImage): void
  /** All that were added, and what holds for more than one of them. */
  finish(): Promise<{ readonly planned: ReadonlyMap<string, Planned>; readonly notes: readonly string[] }>
}

/** Images that are asked about at the same time. */
const AT_ONCE = 32

/** Each image waits for the one it is built on, and then for its turn. */
export function createPlanning(recipes: Recipes, sources: PlanSources): Planning {
  const { options, client, onRequest, signal } = sources
  const { registry = recipes.registry, platform, credentials, frozen = false, startupToml = false } = options
  const silent = new Map<string, string>()
  const inTurn = createTurns(AT_ONCE, signal)
  const isSelected = (name: string) => sources.selected?.has(name) ?? true
  const planner = Promise.all([sources.lock, sources.hub]).then(([lock, hub]): Planner => {
    const search = { registry, platform, credentials, client, lock, frozen, onRequest, signal }
    const context = { registry, platform, client, lock, hub, startupToml, silent }
    return { options, recipes, lock, bases: lookForBases(recipes, search), context, isSelected, inTurn }
  })
  const planned = new Map<string, Promise<Planned>>()
  return {
    add(image) {
      if (planned.has(image.name)) return
      const parent = image.base.kind === 'image' ? planned.get(image.base.name) : undefined
      const plan = planner.then(async (planner) => planOne(image, await parent, planner))
      // Told by `finish`; until then other images may fail, too.
      plan.catch(() => {})
      planned.set(image.name, plan)
    },
    async finish() {
      const images = await Promise.all(planned.values())
      const notes = await (await planner).bases.notes()
      const taken = [...silent.values()].map((text) => `${text}: taken for empty`)
      return { planned: new Map(images.map((image) => [image.name, image])), notes: [...notes, ...taken] }
    },
  }
}

type Planner = {
  readonly options: PlanOptions
  readonly recipes: Recipes
  readonly lock: Lock | undefined
  readonly bases: Bases
  readonly context: PlanContext
  readonly isSelected: (name: string) => boolean
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
}

async function planOne(image: RenderedImage, parent: Planned | undefined, planner: Planner): Promise<Planned> {
  const { base } = image
  const { bases, isSelected, inTurn } = planner
  const context = { ...planner.context, force: planner.options.force === true && isSelected(image.name) }
  const common = {
    name: image.name,
    link: `${image.name}.flist`,
    base: parent?.base ?? base.name,
    ...(base.kind === 'image' ? { parent: base.name } : {}),
  }
  const blocked = (...reasons: PlanReason[]): Planned => ({ ...common, action: 'blocked', reasons, cost: 0 })
  const faults = lockReasons(image, planner)
  if (faults.length > 0) return blocked(...faults)
  const below = parent ? parentState(parent, isSelected) : await bases.state(base.name)
  if (below.digest === undefined && !below.available) return blocked(...(below.reason ? [below.reason] : []))
  if (below.digest === undefined) {
    const reasons = context.force ? [{ kind: 'forced' as const, text: 'asked for with --force' }] : []
    const cost = expectedCost('build', image)
    return { ...common, action: 'build', reasons: [...reasons, ...(below.reason ? [below.reason] : [])], cost }
  }
  const { digest: baseDigest } = below
  const build = await inTurn(() => planBuild(image, { digest: baseDigest }, context))
  const { action, reasons, id: buildId, names, state, previousBytes } = build
  const facts = { ...common, buildId, reference: names.reference, flist: names.flist }
  if (action === 'build' && !below.available && below.reason)
    return { ...facts, action: 'blocked', reasons: [below.reason, ...reasons], cost: 0 }
  const digest = action === 'build' ? undefined : state.imageDigest
  const pinned = state.imageDigest === undefined ? {} : { pinned: names.pinned(state.imageDigest) }
  const cost = expectedCost(action, image, previousBytes)
  return { ...facts, ...pinned, action, reasons, cost, ...(digest === undefined ? {} : { digest }) }
}

/** What of an image is not locked and has to be: all of it with `frozen`, else the hashes that only a lock can tell. */
function lockReasons(image: RenderedImage, { options, recipes, lock }: Planner): PlanReason[] {
  const faults = options.frozen ? lockFaults(image, recipes, lock) : missingInLock(image, lock)
  return faults.map((text) => ({ kind: 'not-locked', text }))
}

/** What an image is for those on top of it. */
function parentState({ name, action, digest }: Planned, isSelected: (name: string) => boolean): BaseState {
  if (digest !== undefined) return { digest, available: true }
  if (action === 'blocked') {
    return { available: false, reason: { kind: 'parent-blocked', text: `${name}, which it is built on, is blocked` } }
  }
  if (isSelected(name)) {
    return { available: true, reason: { kind: 'parent', text: `${name}, which it is built on, is built first` } }
  }
  const text = `${name}, which it is built on, has to be built first, and is not among what was asked for`
  return { available: false, reason: { kind: 'not-selected', text } }
}
