import { join } from 'node:path'
import { openChunkStore } from '@tf-images/flist'
import { RegistryClient } from '@tf-images/registry'
import { PipelineError } from '../errors.ts'
import { moveTag } from '../moving-tag.ts'
import { PhaseRunner, type Progress } from '../progress.ts'
import { type Publication, previewPublication, publishFlist } from '../publishing/publish.ts'
import type { ImageReport } from '../report.ts'
import type { CredentialLookup, HubSettings } from '../settings.ts'
import type { ImageFailure } from '../up.ts'
import { type LegResult, legResult, linksOf, sourceReport } from './leg-result.ts'

export type PublishLegOptions = {
  /** What the job before made. */
  readonly converted: LegResult
  /** Folder with its `flists/` and `chunks/`. */
  readonly folder: string
  readonly hub: HubSettings
  /** For the tag `latest` of the images, which moves when their flist is published. */
  readonly credentials: CredentialLookup
  /** Replaces other content under an immutable name. */
  readonly force?: boolean
  /** Looks at everything and does nothing. */
  readonly dryRun?: boolean
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/**
 * Publishes the flists of a leg and moves the tags of their images. One that fails stops no other.
 *
 * @throws FlistError when there is no chunk store
 */
export async function publishLeg(options: PublishLegOptions): Promise<LegResult> {
  const { converted, folder, credentials, signal } = options
  const chunks = await openChunkStore(join(folder, 'chunks'))
  const client = new RegistryClient({ credentials })
  const images: ImageReport[] = []
  const failures: ImageFailure[] = []
  try {
    for (const image of converted.images) {
      try {
        signal?.throwIfAborted()
        images.push(await publishImage(image, { ...options, chunks, client }))
      } catch (error) {
        if (signal?.aborted) throw error
        failures.push({ image: image.name, error })
      }
    }
  } finally {
    await Promise.all([chunks.close(), client.close()])
  }
  return legResult('publish', converted.leg, images, failures)
}

/** One flist of this machine, to be published. */
export type PublishOneRequest = Pick<PublishLegOptions, 'hub' | 'force' | 'dryRun'> & {
  readonly flist: string
  /** Location of the store that has its chunks. */
  readonly chunks: string
  /** Its name on the hub. */
  readonly name: string
  /** The name that users follow; none when empty. */
  readonly link: string
}

/**
 * Publishes one flist.
 *
 * @throws FlistError, HubError, PipelineError
 */
export async function publishOne(
  { flist, chunks: location, name, link, hub, force = false, dryRun }: PublishOneRequest,
  phases: PhaseRunner,
  signal?: AbortSignal,
): Promise<ImageReport> {
  const chunks = await openChunkStore(location, { create: false })
  const image = sourceReport(flist, name)
  try {
    const request = { flist, chunks, name, links: link === '' ? [] : [link], replace: force }
    if (dryRun) {
      const { storage } = await previewPublication(request, hub, phases, signal)
      return { ...image, status: 'planned', storage }
    }
    return publishedReport(image, await publishFlist(request, hub, phases, signal), phases)
  } finally {
    await chunks.close()
  }
}

function publishedReport(image: ImageReport, publication: Publication, phases: PhaseRunner): ImageReport {
  const durations = { ...image.durations, ...phases.durations }
  const [linkUrl] = publication.linkUrls
  const { url: flistUrl } = publication
  return { ...image, status: 'published', durations, publication, flistUrl, ...(linkUrl ? { linkUrl } : {}) }
}

type Shop = PublishLegOptions & {
  readonly chunks: Parameters<typeof publishFlist>[0]['chunks']
  readonly client: RegistryClient
}

async function publishImage(image: ImageReport, shop: Shop): Promise<ImageReport> {
  const { folder, hub, chunks, client, force = false, signal } = shop
  const { name, flist, link, conversion, reference } = image
  if (!conversion) throw new PipelineError('bad-source', `${name}: was not converted; convert it first`)
  const phases = new PhaseRunner(name, shop.progress)
  const request = {
    flist: join(folder, 'flists', flist),
    chunks,
    name: flist,
    links: linksOf(flist, link),
    replace: force,
  }
  if (shop.dryRun) {
    const plan = await previewPublication(request, hub, phases, signal)
    return { ...image, status: 'planned', storage: plan.storage }
  }
  const publication = await publishFlist(request, hub, phases, signal)
  if (reference) await moveTag(client, reference, phases)
  return publishedReport(image, publication, phases)
}
