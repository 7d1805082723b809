import { join } from 'node:path'
import type { Engine } from '@tf-images/engine'
import type { ChunkStore } from '@tf-images/flist'
import { contextHash, type Lock, type RenderedImage } from '@tf-images/recipe'
import type { RegistryClient } from '@tf-images/registry'
import { type PinnedBase, pinBase } from './base.ts'
import { type BuildRequest, type BuildServices, buildAndPush, buildAndSave } from './build.ts'
import { buildArgumentsOf } from './build-arguments.ts'
import { buildId } from './build-id.ts'
import type { Conversion } from './convert.ts'
import { PipelineError } from './errors.ts'
import { type ImageNames, imageNames } from './image-names.ts'
import type { LayerCache } from './layer-cache.ts'
import { moveTag } from './moving-tag.ts'
import { type Decision, decide, type PublishedState, readImageState, readPublishedState } from './plan.ts'
import { PhaseRunner } from './progress.ts'
import { withSession } from './publishing/hub-session.ts'
import { publishFlist } from './publishing/publish.ts'
import type { ImageReport } from './report.ts'
import { parseBackend, parseRegistryHost } from './settings.ts'
import { convertAndCheck } from './stages/convert-and-check.ts'
import type { UpOptions } from './up.ts'

/** What the images of one run share. */
export type Workshop = UpOptions & {
  readonly engine: Engine
  readonly client: RegistryClient
  readonly chunks: ChunkStore
  readonly layerCache: LayerCache
  /** What recipes.lock.yaml pins. */
  readonly lock: Lock | undefined
  /** Manifest digest of each image of this run, for the images on top of it; undefined where a dry run did not build. */
  readonly digests: Map<string, string | undefined>
  /** Those that were built and not pushed: their "digest" is an image id of the engine. */
  readonly archived: Set<string>
}

/** Brings one image through the steps it needs, and says why. Its base must have been through before. */
export async function bringUpImage(rendered: RenderedImage, workshop: Workshop): Promise<ImageReport> {
  const { name } = rendered
  const phases = new PhaseRunner(name, workshop.progress)
  const buildArguments = buildArgumentsOf(rendered, workshop.lock)
  const base = await pinBaseOf(rendered, workshop, phases)
  const { platform } = workshop
  const id = buildId({ contextHash: contextHash(rendered), baseDigest: base.digest, platform, buildArguments })
  const names = imageNames(name, id, workshop.registry, rendered.version)
  const { decision, state, account } = await phases.run(
    'plan',
    `asking what exists of ${names.reference}`,
    () => plan(names, workshop),
    (planned) => `${planned.decision.action}: ${planned.decision.reason}`,
  )
  const { flist, link } = names
  const common = { name, flist, link, buildId: id, base: base.reference, decision, durations: phases.durations }
  const urls = workshop.hub && account ? names.urls(workshop.hub.url, account) : {}
  if (decision.action === 'nothing' || workshop.dryRun) {
    const status = decision.action === 'nothing' ? 'unchanged' : 'planned'
    const kept = decision.action === 'build' ? undefined : state.imageDigest
    workshop.digests.set(name, kept)
    return { ...common, ...urls, status, ...(kept ? { reference: names.pinned(kept) } : {}) }
  }
  const request = { ...buildRequest(rendered, base, names, id, workshop), buildArguments }
  const services = servicesOf(workshop, phases)
  if (workshop.archiveFolder) {
    const archive = join(workshop.archiveFolder, `${name}.tar`)
    const { imageId } = await buildAndSave(request, services, archive)
    workshop.digests.set(name, imageId)
    workshop.archived.add(name)
    return { ...common, source: archive, status: 'built' }
  }
  const { client, moveTags = true } = workshop
  const digest =
    decision.action === 'convert' && state.imageDigest
      ? state.imageDigest
      : (await buildAndPush(request, services)).digest
  workshop.digests.set(name, digest)
  const built = { ...common, ...urls, reference: names.pinned(digest) }
  if (!workshop.hub) {
    if (moveTags) await moveTag(client, built.reference, phases)
    return { ...built, status: 'built' }
  }
  const conversion = await convert(names, digest, workshop, phases)
  const { chunks, force = false } = workshop
  // A forced build has the old build's name, and as a rule other times.
  const converted = { flist: conversion.flist, chunks, name: flist, links: [link], replace: force }
  const publication = await publishFlist(converted, workshop.hub, phases, workshop.signal)
  await moveTag(client, built.reference, phases)
  return { ...built, status: 'published', conversion, publication }
}

async function pinBaseOf({ base }: RenderedImage, workshop: Workshop, phases: PhaseRunner): Promise<PinnedBase> {
  if (base.kind === 'image') return pinParent(base.name, workshop)
  const { engine, client, credentials, platform, signal } = workshop
  const registryHost = parseRegistryHost(workshop.registry)
  const locked = workshop.lock?.bases[base.name]?.digest
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
  throw new PipelineError('not-published', `its base image "${parent}" failed; mend that one first`)
}

async function plan(
  names: ImageNames,
  workshop: Workshop,
): Promise<{ decision: Decision; state: PublishedState; account?: string }> {
  const forced: Decision | undefined = workshop.force
    ? { action: 'build', reason: 'asked for with --force' }
    : undefined
  if (!workshop.hub) {
    const state = await readImageState(workshop.client, names)
    return { decision: forced ?? decide(state, names), state }
  }
  return withSession(workshop.hub, workshop.signal, async (session) => {
    const state = await readPublishedState(workshop.client, session, names)
    return { decision: forced ?? decide(state, names), state, account: session.account }
  })
}

function buildRequest(
  rendered: RenderedImage,
  base: PinnedBase,
  { reference, latest }: ImageNames,
  id: string,
  { root, platform, cacheFrom }: Workshop,
): Omit<BuildRequest, 'buildArguments'> {
  const labels = { 'io.tf-images.build-id': id }
  const cache = cacheFrom ? { cacheFrom: latest } : {}
  return { rendered, root, base: base.reference, reference, labels, platform, ...cache }
}

function servicesOf({ engine, client, credentials, signal }: Workshop, phases: PhaseRunner): BuildServices {
  return { engine, client, credentials, phases, ...(signal ? { signal } : {}) }
}

function convert(names: ImageNames, digest: string, workshop: Workshop, phases: PhaseRunner): Promise<Conversion> {
  const { platform, credentials, chunks, layerCache, hub, strict, limits, signal } = workshop
  const output = join(workshop.workFolder, 'flists', names.flist)
  return convertAndCheck(names.pinned(digest), output, chunks, phases, {
    platform,
    credentials,
    layerCache,
    ...(hub ? { backend: parseBackend(hub.backend) } : {}),
    ...(workshop.startupToml ? { startupToml: true } : {}),
    ...(strict ? { strict } : {}),
    ...(limits ? { limits } : {}),
    ...(signal ? { signal } : {}),
  })
}
