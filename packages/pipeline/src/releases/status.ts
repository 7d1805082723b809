import {
  downloadArguments,
  LOCK_FILE,
  type Lock,
  loadRecipes,
  lockEntry,
  type Recipes,
  type RenderedImage,
  readLock,
  renderImage,
  withParents,
} from '@tf-images/recipe'
import { compareContexts } from '@tf-images/recipe/contexts'
import { parseReference, RegistryClient } from '@tf-images/registry'
import { findBase } from '../base-search.ts'
import { type ImageNames, imageNames } from '../image-names.ts'
import { buildIdOf, inputsOf } from '../planning/build-inputs.ts'
import { type HubSession, type ReadSettings, withSession } from '../publishing/hub-session.ts'
import { type CredentialLookup, parseRegistryHost } from '../settings.ts'
import { readFlistFacts } from './status-facts.ts'
import { describeStages, type Stage, type StatusFacts } from './status-stages.ts'

export type StatusOptions = {
  /** Folder that has `recipes/` and `dockerfiles/`. */
  readonly root: string
  /** Images to look at, with what they are built on; all when empty. */
  readonly images: readonly string[]
  /** Where images are; what recipes.yaml says when not given. */
  readonly registry?: string
  readonly platform: string
  readonly credentials: CredentialLookup
  /** Flists are made with `/.startup.toml` in them. */
  readonly startupToml?: boolean
  /** Without it flists and links are not looked at. */
  readonly hub?: ReadSettings
  readonly signal?: AbortSignal
}

/** How far one image has come on its way from the recipe to the users. */
export type ImageStatus = {
  readonly image: string
  /** Of what the recipe says now; absent where the base is not known. */
  readonly buildId?: string
  readonly stages: readonly Stage[]
  /** Nothing is behind, missing or unknown; what was rolled back is held on purpose. */
  readonly ok: boolean
}

/**
 * Compares what the recipes say with the committed Dockerfiles, the images in the registry, the published flists and the
 * links users follow. Reads only.
 *
 * @throws RecipeError, RegistryError, HubError
 */
export async function readStatus(options: StatusOptions): Promise<readonly ImageStatus[]> {
  const recipes = await loadRecipes(options.root)
  const { registry = recipes.registry, hub, signal } = options
  const settings = { ...options, registry }
  const client = new RegistryClient({ credentials: options.credentials })
  try {
    if (!hub) return await readImages(recipes, settings, client)
    return await withSession(hub, signal, (session) => readImages(recipes, settings, client, session))
  } finally {
    await client.close()
  }
}

type Settings = StatusOptions & { readonly registry: string }

async function readImages(
  recipes: Recipes,
  options: Settings,
  client: RegistryClient,
  session?: HubSession,
): Promise<readonly ImageStatus[]> {
  const rendered = withParents(recipes, options.images).map((name) => renderImage(recipes, name))
  const drifts = await compareContexts(options.root, rendered)
  const lock = await readLock(options.root)
  const digests = new Map<string, string | undefined>()
  const statuses: ImageStatus[] = []
  for (const image of rendered) {
    options.signal?.throwIfAborted()
    const drift = drifts.filter((each) => each.image === image.name).map(({ path }) => path)
    const { facts, id } = await readFacts(image, drift, { digests, lock }, options, client, session)
    digests.set(image.name, facts.image?.digest)
    const stages = describeStages(facts)
    const ok = stages.every(({ state }) => state === 'current' || state === 'held')
    statuses.push({ image: image.name, ...(id === undefined ? {} : { buildId: id }), stages, ok })
  }
  return statuses
}

/** What is known of bases before a registry is asked: the images of this run, and the lock. */
type KnownBases = { readonly digests: ReadonlyMap<string, string | undefined>; readonly lock: Lock | undefined }

async function readFacts(
  image: RenderedImage,
  drift: readonly string[],
  known: KnownBases,
  options: Settings,
  client: RegistryClient,
  session: HubSession | undefined,
): Promise<{ facts: StatusFacts; id?: string }> {
  const { values: buildArguments, missing } = downloadArguments(image, known.lock)
  const [unhashed] = missing
  const base = unhashed
    ? { problem: `${LOCK_FILE} has no hash of ${unhashed.url}; run: flist lock` }
    : await baseDigest(image, known, options, client)
  if ('problem' in base) {
    // Names but for the build id: what users get can be told all the same.
    const names = imageNames(image.name, '', options.registry)
    const flist = session && (await readFlistFacts(session, names))
    return { facts: { names, drift, baseProblem: base.problem, ...(flist ? { flist } : {}) } }
  }
  const { platform, registry } = options
  const { startupToml = false } = options
  const pinned = { name: image.base.name, digest: base.digest }
  const id = buildIdOf(inputsOf(image, { base: pinned, platform, buildArguments, startupToml }))
  const names = imageNames(image.name, id, registry, image.version)
  const [found, flist] = await Promise.all([readImage(client, names), session && readFlistFacts(session, names)])
  return { facts: { names, drift, image: found, ...(flist ? { flist } : {}) }, id }
}

async function baseDigest(
  { base }: RenderedImage,
  { digests, lock }: KnownBases,
  options: Settings,
  client: RegistryClient,
): Promise<{ digest: string } | { problem: string }> {
  if (base.kind === 'image') {
    const digest = digests.get(base.name)
    return digest === undefined ? { problem: `its base image ${base.name} is not built` } : { digest }
  }
  const { credentials, platform } = options
  const registryHost = parseRegistryHost(options.registry)
  const search = { client, registryHost, credentials, platform }
  const locked = lockEntry(lock?.bases, base.name)?.digest
  const found = (locked && (await findBase(base, { ...search, locked }))) || (await findBase(base, search))
  return found
    ? { digest: found.digest }
    : { problem: `no registry that can be reached has its base ${base.reference}` }
}

async function readImage(client: RegistryClient, names: ImageNames): Promise<{ digest?: string; latest?: string }> {
  const head = async (reference: string) => (await client.head(parseReference(reference)))?.digest
  const [digest, latest] = await Promise.all([head(names.reference), head(names.latest)])
  return { ...(digest ? { digest } : {}), ...(latest ? { latest } : {}) }
}
