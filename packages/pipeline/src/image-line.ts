import { join } from 'node:path'
import type { Engine } from '@tf-images/engine'
import type { ChunkStore } from '@tf-images/flist'
import { type Lock, lockEntry, type TestRun } from '@tf-images/recipe'
import type { RegistryClient } from '@tf-images/registry'
import { pinBase } from './base.ts'
import type { PinnedBase } from './base-search.ts'
import { type BuildServices, buildAndPush, buildAndSave, type ImageRequest } from './build.ts'
import { buildArgumentsOf } from './build-arguments.ts'
import { INPUTS_LABEL } from './build-id.ts'
import { declaredChecks } from './contract/declared-checks.ts'
import { type GateReport, passGate, warnUngated } from './contract/gate.ts'
import { PipelineError } from './errors.ts'
import { convertAndCheck, convertedPath, hasConverted } from './image-conversion.ts'
import type { ImageNames } from './image-names.ts'
import type { LayerCache } from './layer-cache.ts'
import { moveTag } from './moving-tag.ts'
import { type BuildableImage, pinImages } from './own-dockerfile-image.ts'
import { inputsLabel } from './planning/build-inputs.ts'
import { readHubState } from './planning/hub-state.ts'
import { type PlanContext, type PlannedBuild, planBuild } from './planning/planned-build.ts'
import { PhaseRunner } from './progress.ts'
import { withSession } from './publishing/hub-session.ts'
import { publishFlist } from './publishing/publish.ts'
import { promoteFlist } from './releases/promotion.ts'
import type { ImageReport } from './report.ts'
import { requireRoomToBuild } from './room-to-build.ts'
import { parseRegistryHost } from './settings.ts'
import type { RunOptions, UpOptions } from './up.ts'

/** What the images of one run share. */
export type Workshop = RunOptions &
  Pick<UpOptions, 'only' | 'frozen'> & {
    /** What is said of an image that containers of it can be asked. */
    readonly testsOf: (image: string) => readonly TestRun[]
    readonly engine: Engine
    readonly client: RegistryClient
    readonly chunks: ChunkStore
    readonly layerCache: LayerCache
    /** What recipes.lock.yaml pins. */
    readonly lock: Lock | undefined
    /** Manifest digest of each image of this run, for the images on top of it; undefined where a dry run did not build. */
    readonly digests: Map<string, string | undefined>
    /** Labels that every image of the run gets. */
    readonly labels: Readonly<Record<string, string>>
    /** Those that were built and not pushed: their "digest" is an image id of the engine. */
    readonly archived: Set<string>
  }

/** Brings one image through the steps it needs, and says why. Its base must have been through before. */
export async function bringUpImage(rendered: BuildableImage, workshop: Workshop): Promise<ImageReport> {
  const { name } = rendered
  const phases = new PhaseRunner(name, workshop.progress)
  // What is not locked is told before anything is looked for.
  buildArgumentsOf(rendered, workshop.lock)
  const base = await pinBaseOf(rendered, workshop, phases)
  const { planned, account } = await phases.run(
    'plan',
    `asking what exists of ${name}`,
    () => plan(rendered, base, workshop),
    ({ planned }) => `${planned.action}: ${reasonText(planned)}`,
  )
  const { action, id, names, state } = planned
  const decision = { action, reason: reasonText(planned) }
  const { flist, link } = names
  const common = { name, flist, link, buildId: id, base: base.reference, decision, durations: phases.durations }
  const urls = workshop.hub && account ? names.urls(workshop.hub.url, account) : {}
  const kept = action === 'build' ? undefined : state.imageDigest
  workshop.digests.set(name, kept)
  if (action === 'nothing' || workshop.dryRun) {
    const status = action === 'nothing' ? 'unchanged' : 'planned'
    return { ...common, ...urls, status, ...(kept ? { reference: names.pinned(kept) } : {}) }
  }
  if (action === 'relink' && kept && (await relink(names, workshop, phases))) {
    return { ...common, ...urls, reference: names.pinned(kept), status: 'relinked' }
  }
  if (kept === undefined) {
    await requireRoomToBuild({ ...workshop, name, base, ...previousOf(planned) })
  }
  if (workshop.archiveFolder && kept === undefined) {
    const archive = join(workshop.archiveFolder, `${name}.tar`)
    const services = servicesOf(workshop, phases)
    const { imageId } = await buildAndSave(imageRequest(rendered, base, planned, workshop), services, archive)
    workshop.digests.set(name, imageId)
    workshop.archived.add(name)
    return { ...common, source: archive, status: 'built' }
  }
  const digest = kept ?? (await build(rendered, base, planned, workshop, phases))
  workshop.digests.set(name, digest)
  const built = { ...common, ...urls, reference: names.pinned(digest) }
  const { client, moveTags = true, chunks, force = false } = workshop
  if (!workshop.hub) {
    if (moveTags) await moveTag(client, built.reference, phases)
    return { ...built, status: 'built' }
  }
  const conversion = action === 'publish' ? undefined : await convertAndCheck(names, digest, workshop, phases)
  const path = conversion?.flist ?? convertedPath(names, workshop)
  const gate = await gateOf(rendered, path, workshop, phases)
  // A forced build has the old build's name, and as a rule other times.
  const request = { flist: path, chunks, name: flist, links: [link], replace: force }
  const publication = await publishFlist(request, workshop.hub, phases, workshop.signal)
  await moveTag(client, built.reference, phases)
  return {
    ...built,
    status: 'published',
    ...(conversion ? { conversion } : {}),
    ...(gate ? { gate } : {}),
    publication,
  }
}

/** What exists of an image that is not to be worked on, for those on top of it: the digest it has as its recipe is now. */
export async function lookUpImage(rendered: BuildableImage, workshop: Workshop): Promise<void> {
  const phases = new PhaseRunner(rendered.name, workshop.progress)
  const base = await pinBaseOf(rendered, workshop, phases)
  const { state } = await planBuild(rendered, base, { ...contextOf(workshop), force: false })
  if (state.imageDigest !== undefined) workshop.digests.set(rendered.name, state.imageDigest)
}

function reasonText({ reasons }: PlannedBuild): string {
  return reasons.map(({ text }) => text).join('; ')
}

async function pinBaseOf({ base, own }: BuildableImage, workshop: Workshop, phases: PhaseRunner): Promise<PinnedBase> {
  if (base.kind === 'image') return pinParent(base.name, workshop)
  const { engine, client, credentials, platform, signal } = workshop
  const registryHost = parseRegistryHost(workshop.registry)
  if (own) {
    const search = { client, registryHost, credentials, platform }
    const text = `looking for ${own.images.join(', ') || 'no image: it starts from nothing'}`
    return phases.run('base', text, () => pinImages(own, search))
  }
  const locked = lockEntry(workshop.lock?.bases, base.name)?.digest
  const pinned = {
    ...(locked === undefined ? {} : { locked }),
    ...(workshop.frozen ? { frozen: true } : {}),
    ...(signal ? { signal } : {}),
  }
  return phases.run(
    'base',
    `looking for the base ${base.name}`,
    (report) => pinBase(base, { engine, client, registryHost, credentials, platform, report, ...pinned }),
    (found) => `${base.name} is ${found.digest} (${found.origin})`,
  )
}

function pinParent(parent: string, workshop: Workshop): PinnedBase {
  const digest = workshop.digests.get(parent)
  // In a run that pushes nothing, what this run built is known by its image id.
  if (digest !== undefined && workshop.archived.has(parent)) return { reference: digest, digest, origin: 'this run' }
  if (digest !== undefined) return { reference: `${workshop.registry}/${parent}@${digest}`, digest, origin: 'this run' }
  // A digest that no image has: what is on top of a parent that would be built must be built, too.
  if (workshop.dryRun)
    return { reference: `${workshop.registry}/${parent}`, digest: 'not built yet', origin: 'this run' }
  const remedy = workshop.only ? 'is not built as its recipe is now; bring it up first' : 'failed; mend that one first'
  throw new PipelineError('not-published', `its base image "${parent}" ${remedy}`)
}

async function plan(
  rendered: BuildableImage,
  base: PinnedBase,
  workshop: Workshop,
): Promise<{ planned: PlannedBuild; account?: string }> {
  const context = contextOf(workshop)
  const { hub: settings, signal } = workshop
  if (!settings) return { planned: await planBuild(rendered, base, context) }
  return withSession(settings, signal, async (session) => {
    const hub = await readHubState(session)
    const isConverted = (names: ImageNames, digest: string) => hasConverted(names, digest, settings, workshop)
    return { planned: await planBuild(rendered, base, { ...context, hub, isConverted }), account: session.account }
  })
}

function contextOf({ registry, platform, client, lock, force = false, startupToml = false }: Workshop): PlanContext {
  return { registry, platform, client, lock, force, startupToml }
}

function previousOf({ previousBytes }: PlannedBuild): { readonly previousBytes?: number } {
  return previousBytes === undefined ? {} : { previousBytes }
}

/** Moves the link alone; false where the flist turns out not to be whole: then it is made again. */
async function relink(names: ImageNames, workshop: Workshop, phases: PhaseRunner): Promise<boolean> {
  const { hub, signal } = workshop
  if (!hub) return false
  return phases.run('link', `moving ${names.link}`, async (report) => {
    try {
      await withSession(hub, signal, (session) => promoteFlist(session, hub, names.flist, names.link))
      return true
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'not-published') throw error
      report.line(`${error.message}; converting it again`)
      return false
    }
  })
}

async function build(
  rendered: BuildableImage,
  base: PinnedBase,
  planned: PlannedBuild,
  workshop: Workshop,
  phases: PhaseRunner,
): Promise<string> {
  const request = imageRequest(rendered, base, planned, workshop)
  return (await buildAndPush(request, servicesOf(workshop, phases))).digest
}

function imageRequest(
  rendered: BuildableImage,
  base: PinnedBase,
  { inputs, id, names }: PlannedBuild,
  { root, platform, cacheFrom, created, labels: common }: Workshop,
): ImageRequest {
  return {
    rendered,
    root,
    base: base.reference,
    ...(base.images ? { images: base.images } : {}),
    buildArguments: inputs.arguments,
    references: [names.reference],
    labels: { ...common, 'io.tf-images.build-id': id, [INPUTS_LABEL]: inputsLabel(inputs) },
    platform,
    ...(cacheFrom ? { cacheFrom: names.latest } : {}),
    ...(created === undefined ? {} : { created }),
  }
}

function servicesOf({ engine, client, credentials, signal }: Workshop, phases: PhaseRunner): BuildServices {
  return { engine, client, credentials, phases, ...(signal ? { signal } : {}) }
}

/** What is published below is what passed here. */
async function gateOf(
  { name, own }: BuildableImage,
  flist: string,
  { gate = {}, testsOf, workFolder, signal }: Workshop,
  phases: PhaseRunner,
): Promise<GateReport | undefined> {
  if (gate === false) return warnUngated(phases)
  const gated = { flist, chunks: join(workFolder, 'chunks'), place: own?.place ?? `recipes/images/${name}/image.yaml` }
  // Rendering them costs what rendering the image does.
  const checks = gate.boot ? declaredChecks(testsOf(name)) : []
  const { boot } = gate
  return passGate(gated, boot ? { boot: { ...boot, checks } } : {}, phases, signal)
}
