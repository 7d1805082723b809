import type { Lock } from '@tf-images/recipe'
import { parseReference, type RegistryClient, RegistryError } from '@tf-images/registry'
import type { PinnedBase } from '../base-search.ts'
import { buildArgumentsOf } from '../build-arguments.ts'
import { shortBuildId } from '../build-id.ts'
import { type ImageNames, imageNames } from '../image-names.ts'
import type { BuildableImage } from '../own-dockerfile-image.ts'
import { parseRegistryHost } from '../settings.ts'
import { findBuildBefore } from './build-before.ts'
import { type BuildInputs, buildIdOf, inputsOf } from './build-inputs.ts'
import { decide, type PublishedState } from './decision.ts'
import { type HubState, hubNames, publishedBuild } from './hub-state.ts'
import { inputChanges } from './input-changes.ts'
import type { PlanAction, PlanReason } from './plan.ts'

/** What the images of a plan have in common. */
export type PlanContext = {
  /** Registry and path in front of the images. */
  readonly registry: string
  readonly platform: string
  readonly client: Pick<RegistryClient, 'digest' | 'manifest' | 'resolve'>
  readonly lock: Lock | undefined
  /** What the hub has; undefined where nothing is to be published. */
  readonly hub?: HubState | undefined
  /** Builds whatever there is. */
  readonly force?: boolean
  readonly startupToml?: boolean
  /** Whether the flist of an image is converted and whole here; nothing is, when not given. */
  readonly isConverted?: (names: ImageNames, digest: string) => Promise<boolean>
  /** Registries that could not be asked, and why; they are asked once, and taken for empty. Absent: that is an error. */
  readonly silent?: Map<string, string>
}

/** What is to be done for one image whose base is known. */
export type PlannedBuild = {
  readonly action: PlanAction
  readonly reasons: readonly PlanReason[]
  readonly inputs: BuildInputs
  readonly id: string
  readonly names: ImageNames
  readonly state: PublishedState
  /** Bytes of the layers of the build before, where it was looked at. */
  readonly previousBytes?: number
}

/**
 * Asks what exists of an image as its recipe is now, and says what it needs: the one place where that is decided, for a plan
 * and for what is done. One request to the registry, and where that image is not there those of {@link findBuildBefore}.
 *
 * @throws PipelineError 'not-locked'; RegistryError, unless `silent` is there to take what is not answered
 */
export async function planBuild(
  image: BuildableImage,
  base: Pick<PinnedBase, 'digest' | 'images'>,
  context: PlanContext,
): Promise<PlannedBuild> {
  const { platform, registry, startupToml = false, force = false } = context
  const buildArguments = { ...buildArgumentsOf(image, context.lock), ...image.own?.platformArguments }
  const pinned = { name: image.base.name, digest: base.digest }
  const inputs = inputsOf(image, { base: pinned, images: base.images, platform, buildArguments, startupToml })
  const id = buildIdOf(inputs)
  const names = imageNames(image.name, id, registry, image.version)
  const common = { inputs, id, names }
  const { state, unanswered } = await readState(names, context)
  if (force) return { ...common, state, action: 'build', reasons: [{ kind: 'forced', text: 'asked for with --force' }] }
  const decision = decide(state, names)
  if (decision.action !== 'build') return { ...common, state, ...decision }
  if (unanswered !== undefined) {
    const text = `${unanswered}: taken for never built`
    return { ...common, state, action: 'build', reasons: [{ kind: 'registry', text }] }
  }
  return { ...common, state, action: 'build', ...(await buildReasons(image, common, context)) }
}

async function readState(
  names: ImageNames,
  context: PlanContext,
): Promise<{ state: PublishedState; unanswered?: string }> {
  const hub = context.hub ? { hub: hubNames(context.hub, names) } : {}
  const { digest: imageDigest, unanswered } = await readDigest(names.reference, context)
  const isMissing = imageDigest !== undefined && hub.hub !== undefined && hub.hub.flist === undefined
  const converted = isMissing && (await context.isConverted?.(names, imageDigest)) === true
  const state = { imageDigest, ...hub, ...(converted ? { converted } : {}) }
  return unanswered === undefined ? { state } : { state, unanswered }
}

async function readDigest(
  reference: string,
  { client, silent, registry }: PlanContext,
): Promise<{ digest: string | undefined; unanswered?: string }> {
  const known = silent?.size ? silent.get(parseRegistryHost(registry)) : undefined
  if (known !== undefined) return { digest: undefined, unanswered: known }
  try {
    return { digest: await client.digest(parseReference(reference)) }
  } catch (error) {
    if (!silent || !(error instanceof RegistryError)) throw error
    const host = parseRegistryHost(registry)
    if (error.code === 'network') silent.set(host, `${host} can not be reached`)
    return { digest: undefined, unanswered: silent.get(host) ?? error.message }
  }
}

type Known = Pick<PlannedBuild, 'inputs' | 'id' | 'names'>

/** What changed since the build that users have, or where they have none the last one. */
async function buildReasons(
  image: BuildableImage,
  { inputs, id, names }: Known,
  context: PlanContext,
): Promise<Pick<PlannedBuild, 'reasons' | 'previousBytes'>> {
  const published = context.hub && publishedBuild(context.hub, image.name)
  if (published === shortBuildId(id)) {
    const text = `the registry has lost ${names.reference}, which ${names.link} was made from`
    return { reasons: [{ kind: 'image-missing', text }] }
  }
  const before = await findBuildBefore(names, published, context)
  if (!before) {
    if (published === undefined) return { reasons: [{ kind: 'never-built', text: 'never built' }] }
    const text = `${names.link} leads to build ${published}, of which the registry has nothing any more`
    return { reasons: [{ kind: 'unknown', text }] }
  }
  const downloads = new Map(
    image.downloads.flatMap(({ argument, url }) => (argument ? [[argument, url] as const] : [])),
  )
  const changes = { downloads, hasParent: image.base.kind === 'image' }
  const unrecorded: PlanReason = { kind: 'unknown', text: 'built by a version of flist that did not record from what' }
  const reasons = before.inputs ? inputChanges(before.inputs, inputs, changes) : [unrecorded]
  return { reasons, previousBytes: before.bytes }
}
