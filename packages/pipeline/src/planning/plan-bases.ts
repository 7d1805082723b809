import { type Lock, lockEntry, type Recipes } from '@tf-images/recipe'
import { type RegistryClient, RegistryError } from '@tf-images/registry'
import { createTurns } from '../at-once.ts'
import { type BaseSearch, findBase } from '../base-search.ts'
import { type CredentialLookup, parseRegistryHost } from '../settings.ts'
import type { PlanReason } from './plan.ts'

/** A base as a plan knows it: what it would be built on, and why it could not, if so. */
export type BaseState = {
  /** Absent where nothing has it, and it is not locked. */
  readonly digest?: string
  /** It can be built on: a registry has it, or it can be made here. */
  readonly available: boolean
  /** Why it is not, or that it is made. */
  readonly reason?: PlanReason
  /** For all images on it: it moved since it was locked. */
  readonly note?: string
}

export type BaseStateOptions = {
  readonly registry: string
  readonly platform: string
  readonly client: RegistryClient
  readonly credentials: CredentialLookup
  readonly lock: Lock | undefined
  /** Only what is locked will do. */
  readonly frozen: boolean
  readonly onRequest: () => void
  readonly signal?: AbortSignal
}

const AT_ONCE = 8

const noBase: { readonly digest?: string } = {}

/** Bases of recipes, each asked for once. */
export type Bases = {
  state(name: string): Promise<BaseState>
  /** The notes of those that were asked for, by their names. */
  notes(): Promise<readonly string[]>
}

/**
 * Looks for the bases of images in their registries, and makes none. A base that vanished, or a registry that refuses, is a
 * fact about that base and no error. Up to six requests a base: as it is locked and as it is now, here and there.
 */
export function lookForBases(recipes: Recipes, options: BaseStateOptions): Bases {
  const states = new Map<string, Promise<BaseState>>()
  const inTurn = createTurns(AT_ONCE, options.signal)
  return {
    state(name) {
      const { reference = '' } = recipes.bases.get(name) ?? {}
      const state = states.get(name) ?? inTurn(() => readBase(recipes, name, reference, options))
      states.set(name, state)
      return state
    },
    async notes() {
      const found = [...states].sort(([a], [b]) => (a < b ? -1 : 1))
      return (await Promise.all(found.map(([, state]) => state))).flatMap(({ note }) => note ?? [])
    },
  }
}

async function readBase(
  recipes: Recipes,
  name: string,
  reference: string,
  options: BaseStateOptions,
): Promise<BaseState> {
  const { client, credentials, platform, registry, lock, frozen, onRequest } = options
  const search = { client, registryHost: parseRegistryHost(registry), credentials, platform, onRequest }
  const locked = lockEntry(lock?.bases, name)?.digest
  const [pinned, now] = await Promise.all([
    locked === undefined ? noBase : look(name, reference, { ...search, locked }),
    look(name, reference, search),
  ])
  if (locked !== undefined && pinned.digest !== undefined) {
    const moved = now.digest !== undefined && now.digest !== locked
    const note = `base ${name} moved since it was locked; to take it: flist lock`
    return { digest: locked, available: true, ...(moved ? { note } : {}) }
  }
  if (now.digest !== undefined && !(frozen && locked !== undefined)) return { digest: now.digest, available: true }
  if (locked === undefined && now.problem === undefined && recipes.bases.get(name)?.bootstrap) {
    const text = `no registry that can be reached has its base ${reference}: it is made from the archive of its distribution`
    return { available: true, reason: { kind: 'base', text } }
  }
  const asLocked = locked === undefined ? '' : ` as it is locked, ${locked}`
  const text = now.problem ?? `no registry that can be reached has its base ${reference}${asLocked}`
  return { ...(locked ? { digest: locked } : {}), available: false, reason: { kind: 'base-missing', text } }
}

async function look(
  name: string,
  reference: string,
  search: BaseSearch,
): Promise<{ readonly digest?: string; readonly problem?: string }> {
  try {
    const found = await findBase({ kind: 'base', name, reference }, search)
    return found ? { digest: found.digest } : {}
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    // Where the registry of our images is away, too, there may still be a way to make it.
    return error.code === 'network' ? {} : { problem: `its base can not be had: ${error.message}` }
  }
}
