import {
  type Lock,
  loadRecipes,
  type Recipes,
  type RenderedImage,
  readLock,
  renderImage,
  withParents,
} from '@tf-images/recipe'
import { RegistryClient } from '@tf-images/registry'
import { eachAtOnce } from '../at-once.ts'
import { missingInLock } from '../build-arguments.ts'
import { lockFaults } from '../lock.ts'
import { type ReadSettings, withSession } from '../publishing/hub-session.ts'
import type { CredentialLookup } from '../settings.ts'
import { changedImages } from './changed-images.ts'
import { type HubState, readHubState } from './hub-state.ts'
import type { Plan, PlannedImage, PlanReason } from './plan.ts'
import { type BaseState, readBases } from './plan-bases.ts'
import { expectedCost } from './plan-cost.ts'
import { type LegLimits, packLegs, wavesOf } from './plan-legs.ts'
import { type PlanContext, planBuild } from './planned-build.ts'

export type PlanOptions = {
  /** Folder that has `recipes/`. */
  readonly root: string
  /** Images to plan, with what they are built on; all when empty. */
  readonly images: readonly string[]
  /** These alone: what they are built on has to be there. */
  readonly only?: boolean
  /** Only what the files touch that changed since this commit, and what is on top of it. */
  readonly since?: string
  /** Where images are; what recipes.yaml says when not given. */
  readonly registry?: string
  readonly platform: string
  readonly credentials: CredentialLookup
  /** Without it flists and links are not looked at, and an image that is built needs nothing more. */
  readonly hub?: ReadSettings
  readonly force?: boolean
  /** What is not as recipes.lock.yaml says is blocked. */
  readonly frozen?: boolean
  /** `/.startup.toml` is added to the flists, and is part of what they are. */
  readonly startupToml?: boolean
  readonly limits?: LegLimits
  readonly signal?: AbortSignal
}

/** Images that are asked about at the same time. */
const AT_ONCE = 32

/**
 * Says what would be done for images, and why, and does nothing. The registry is asked once for each image, and two to four
 * times more for one that has to be built; the hub three times in all; for each base up to six times.
 *
 * What can not be told of one image is its `blocked`, and stops no other.
 *
 * @throws RecipeError, HubError; PipelineError 'bad-settings' for a commit that git does not know
 */
export async function planImages(options: PlanOptions): Promise<Plan> {
  let requests = 0
  const onRequest = () => {
    requests++
  }
  const recipes = await loadRecipes(options.root)
  const lock = await readLock(options.root)
  const asked =
    options.since === undefined ? options.images : await touchedImages(recipes, lock, options, options.since)
  const nothing = options.since !== undefined && asked.length === 0
  const looked = nothing ? [] : withParents(recipes, asked)
  const selected = new Set(options.only && asked.length > 0 ? asked : looked)
  const { registry = recipes.registry } = options
  const client = new RegistryClient({ credentials: options.credentials, retries: 1, onRequest })
  try {
    const hub = options.hub && (await readHub({ ...options.hub, onRequest }, options.signal))
    const rendered = looked.map((name) => renderImage(recipes, name))
    const planner = { options, registry, recipes, lock, client, hub, selected, silent: new Map<string, string>() }
    const { images, bases } = await planRendered(rendered, planner, onRequest)
    const notes = [...bases.values()].flatMap(({ note }) => note ?? [])
    const silent = [...planner.silent.values()].map((text) => `${text}: taken for empty`)
    const noHub = hub ? [] : ['flists and links were not looked at: no account of a hub was named']
    const { platform, limits } = options
    const named = hub ? { hub: { url: hub.url, account: hub.account } } : {}
    const legs = packLegs(workOf(images), limits)
    return { version: 1, registry, platform, ...named, images, legs, requests, notes: [...notes, ...silent, ...noHub] }
  } finally {
    await client.close()
  }
}

async function touchedImages(
  recipes: Recipes,
  lock: Lock | undefined,
  { root, images, signal }: PlanOptions,
  since: string,
): Promise<readonly string[]> {
  const touched = await changedImages(recipes, lock, { root, since, ...(signal ? { signal } : {}) })
  if (images.length === 0) return touched
  const wanted = new Set(withParents(recipes, images))
  return touched.filter((name) => wanted.has(name))
}

function readHub(settings: ReadSettings, signal: AbortSignal | undefined): Promise<HubState> {
  return withSession(settings, signal, readHubState)
}

type Planner = {
  readonly options: PlanOptions
  readonly registry: string
  readonly recipes: Recipes
  readonly lock: Lock | undefined
  readonly client: RegistryClient
  readonly hub: HubState | undefined
  readonly selected: ReadonlySet<string>
  readonly silent: Map<string, string>
}

/** What images on top of one need to know of it: its digest; none while it is not built, or can not be. */
type Planned = Omit<PlannedImage, 'wave'> & { readonly digest?: string }

async function planRendered(
  rendered: readonly RenderedImage[],
  planner: Planner,
  onRequest: () => void,
): Promise<{ images: readonly PlannedImage[]; bases: ReadonlyMap<string, BaseState> }> {
  const { options, registry, recipes, lock, client, hub, selected, silent } = planner
  const { platform, credentials, frozen = false, force = false, startupToml = false, signal } = options
  const baseNames = new Set(rendered.flatMap(({ base }) => (base.kind === 'base' ? [base.name] : [])))
  const call = signal ? { signal } : {}
  const search = { registry, platform, credentials, client, lock, frozen, onRequest, ...call }
  const bases = await readBases(recipes, baseNames, search)
  const context = { registry, platform, client, lock, hub, startupToml, silent }
  const planned = new Map<string, Planned>()
  for (const level of levelsOf(rendered)) {
    await eachAtOnce(level, AT_ONCE, signal, async (image) => {
      const own = { ...context, force: force && selected.has(image.name) }
      planned.set(image.name, await planOne(image, planner, own, bases, planned))
    })
  }
  const shown = rendered.flatMap(({ name }) => (selected.has(name) ? (planned.get(name) ?? []) : []))
  const waves = wavesOf(workOf(shown))
  const images = shown.map(({ digest: _inner, ...image }) => ({ ...image, wave: waves.get(image.name) ?? 0 }))
  return { images, bases }
}

/** Images that depend on none of their level: those on bases, those on these, and so on. */
function levelsOf(rendered: readonly RenderedImage[]): RenderedImage[][] {
  const depths = new Map<string, number>()
  const levels: RenderedImage[][] = []
  for (const image of rendered) {
    const depth = image.base.kind === 'image' ? (depths.get(image.base.name) ?? -1) + 1 : 0
    depths.set(image.name, depth)
    levels[depth] ??= []
    levels[depth]?.push(image)
  }
  return levels
}

async function planOne(
  image: RenderedImage,
  planner: Planner,
  context: PlanContext,
  bases: ReadonlyMap<string, BaseState>,
  planned: ReadonlyMap<string, Planned>,
): Promise<Planned> {
  const { base } = image
  const parent = base.kind === 'image' ? planned.get(base.name) : undefined
  const common = {
    name: image.name,
    link: `${image.name}.flist`,
    base: parent?.base ?? base.name,
    ...(base.kind === 'image' ? { parent: base.name } : {}),
  }
  const blocked = (...reasons: PlanReason[]): Planned => ({ ...common, action: 'blocked', reasons, cost: 0 })
  const faults = lockReasons(image, planner)
  if (faults.length > 0) return blocked(...faults)
  const below = parent ? parentState(parent, planner.selected) : bases.get(base.name)
  if (!below || (below.digest === undefined && !below.available))
    return blocked(...(below?.reason ? [below.reason] : []))
  if (below.digest === undefined) {
    const reasons = context.force ? [{ kind: 'forced' as const, text: 'asked for with --force' }] : []
    const cost = expectedCost('build', image)
    return { ...common, action: 'build', reasons: [...reasons, ...(below.reason ? [below.reason] : [])], cost }
  }
  const build = await planBuild(image, { digest: below.digest }, context)
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
function parentState({ name, action, digest }: Planned, selected: ReadonlySet<string>): BaseState {
  if (digest !== undefined) return { digest, available: true }
  if (action === 'blocked') {
    return { available: false, reason: { kind: 'parent-blocked', text: `${name}, which it is built on, is blocked` } }
  }
  if (selected.has(name)) {
    return { available: true, reason: { kind: 'parent', text: `${name}, which it is built on, is built first` } }
  }
  const text = `${name}, which it is built on, has to be built first, and is not among what was asked for`
  return { available: false, reason: { kind: 'not-selected', text } }
}

/** The work of a plan; an image waits for its parent only where that is built. */
function workOf(images: readonly Omit<PlannedImage, 'wave'>[]) {
  const built = new Set(images.filter(({ action }) => action === 'build').map(({ name }) => name))
  return images.flatMap(({ name, action, cost, parent }) => {
    if (action === 'nothing' || action === 'blocked') return []
    return [{ name, cost, ...(parent !== undefined && built.has(parent) ? { parent } : {}) }]
  })
}
