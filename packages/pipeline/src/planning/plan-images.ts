import { type Lock, loadRecipes, type Recipes, readLock, renderImage, withParents } from '@tf-images/recipe'
import { RegistryClient } from '@tf-images/registry'
import { type ReadSettings, withSession } from '../publishing/hub-session.ts'
import type { CredentialLookup } from '../settings.ts'
import { changedImages } from './changed-images.ts'
import { type HubState, readHubState } from './hub-state.ts'
import { createPlanning, type Planned, type Planning } from './image-planning.ts'
import type { Plan, PlannedImage } from './plan.ts'
import { type LegLimits, packLegs, wavesOf } from './plan-legs.ts'

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

/**
 * Says what would be done for images, and why, and does nothing. The registry is asked once for each image, and once more for one
 * that has to be built, or up to four times where the build before is lost, or of an older version; the hub three times in all; for
 * each base up to six times. The hub is asked while the recipes are read, and where all images are planned, the registry while they
 * are checked.
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
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const client = new RegistryClient({ credentials: options.credentials, retries: 1, onRequest })
  const hub = begun(readHub(options, onRequest, signal))
  const lock = begun(readLock(options.root))
  const sources = { options, client, lock, hub, onRequest, signal }
  try {
    let planning: Planning | undefined
    const isAll = options.since === undefined && options.images.length === 0
    const recipes = await loadRecipes(options.root, {
      onRendered(image, recipes) {
        if (!isAll) return
        planning ??= createPlanning(recipes, sources)
        planning.add(image)
      },
    })
    const { looked, selected } = await chooseImages(recipes, await lock, options)
    const found = await hub
    planning ??= createPlanning(recipes, { ...sources, selected: new Set(selected) })
    for (const name of looked) planning.add(renderImage(recipes, name))
    const { planned, notes } = await planning.finish()
    const images = withWaves(selected.flatMap((name) => planned.get(name) ?? []))
    const { registry = recipes.registry, platform, limits } = options
    const named = found ? { hub: { url: found.url, account: found.account } } : {}
    const noHub = found ? [] : ['flists and links were not looked at: no account of a hub was named']
    const legs = packLegs(workOf(images), limits)
    return { version: 1, registry, platform, ...named, images, legs, requests, notes: [...notes, ...noHub] }
  } finally {
    stop.abort()
    await client.close()
    await hub.catch(() => {})
  }
}

/** Work that is waited for later. Where something else fails before that, nobody asks how it ended. */
function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {})
  return work
}

async function readHub(
  { hub }: PlanOptions,
  onRequest: () => void,
  signal: AbortSignal,
): Promise<HubState | undefined> {
  return hub && withSession({ ...hub, onRequest }, signal, readHubState)
}

/** Which images are planned, and which of these were asked for; both in build order. */
async function chooseImages(
  recipes: Recipes,
  lock: Lock | undefined,
  options: PlanOptions,
): Promise<{ readonly looked: readonly string[]; readonly selected: readonly string[] }> {
  const { since, images, only } = options
  const asked = since === undefined ? images : await touchedImages(recipes, lock, options, since)
  if (since !== undefined && asked.length === 0) return { looked: [], selected: [] }
  const looked = withParents(recipes, asked)
  const named = new Set(asked)
  return { looked, selected: only && asked.length > 0 ? looked.filter((name) => named.has(name)) : looked }
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

function withWaves(images: readonly Planned[]): PlannedImage[] {
  const waves = wavesOf(workOf(images))
  return images.map(({ digest: _inner, ...image }) => ({ ...image, wave: waves.get(image.name) ?? 0 }))
}

/** The work of a plan; an image waits for its parent only where that is built. */
function workOf(images: readonly Omit<PlannedImage, 'wave'>[]) {
  const built = new Set(images.filter(({ action }) => action === 'build').map(({ name }) => name))
  return images.flatMap(({ name, action, cost, parent }) => {
    if (action === 'nothing' || action === 'blocked') return []
    return [{ name, cost, ...(parent !== undefined && built.has(parent) ? { parent } : {}) }]
  })
}
