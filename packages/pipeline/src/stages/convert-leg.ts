import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChunkStore, openChunkStore, openFlist } from '@tf-images/flist'
import { type GateOptions, type GateReport, passGate, warnUngated } from '../contract/gate.ts'
import type { ConvertOptions } from '../convert.ts'
import { errorText } from '../error-text.ts'
import { PipelineError } from '../errors.ts'
import { PhaseRunner, type Progress } from '../progress.ts'
import { withSession } from '../publishing/hub-session.ts'
import { openBackend } from '../publishing/route.ts'
import { formatBytes } from '../quantity-text.ts'
import type { RegistryLayers } from '../registry-layers.ts'
import type { ImageReport } from '../report.ts'
import { type HubSettings, parseBackend } from '../settings.ts'
import { openSource, type SourceOptions } from '../source.ts'
import type { ImageFailure } from '../up.ts'
import { differenceText } from '../verify/differences.ts'
import { verifyFlist } from '../verify/verify.ts'
import { storeOver } from './backed-store.ts'
import { convertAndCheck } from './convert-and-check.ts'
import { compareWithPublished, type ImageDifference } from './image-difference.ts'
import { type LegResult, legResult } from './leg-result.ts'

export type ConvertLegOptions = Pick<ConvertOptions, 'startupToml' | 'strict' | 'limits' | 'signal'> &
  Pick<SourceOptions, 'platform' | 'credentials'> & {
    /** What the job before made. */
    readonly built: LegResult
    /** Folder for the flists (`flists/`) and the chunks that the hub lacks (`chunks/`). */
    readonly folder: string
    /** Where readers find the chunks; what is there is not stored here. Without it all chunks are. */
    readonly hub?: Pick<HubSettings, 'backend' | 'retry'>
    /** Layers that were converted before, by any machine. */
    readonly layers?: RegistryLayers
    /** Compares with what the links of this account lead to; without one only chunks are compared. */
    readonly compare?: { readonly url: string; readonly user?: string }
    /** Reads every source a second time and compares it with its flist. */
    readonly verify?: boolean
    /** What a flist has to pass; false only warns. */
    readonly gate?: GateOptions | false
    /** Bytes that have to be free for each; by default what its layers let expect. */
    readonly minFree?: number
    readonly progress: Progress
  }

/**
 * Converts and checks the images of a leg. One that fails stops no other.
 *
 * @throws FlistError when the chunks can be stored nowhere
 */
export async function convertLeg(options: ConvertLegOptions): Promise<LegResult> {
  const { built, folder, signal } = options
  await mkdir(join(folder, 'flists'), { recursive: true })
  const chunks = await openLegStore(options)
  const images: ImageReport[] = []
  const failures: ImageFailure[] = []
  try {
    for (const image of built.images) {
      try {
        signal?.throwIfAborted()
        images.push(await convertImage(image, chunks, options))
      } catch (error) {
        if (signal?.aborted) throw error
        failures.push({ image: image.name, error })
      }
    }
  } finally {
    await chunks.close()
  }
  return legResult('convert', built.leg, images, failures)
}

/** What is started reads its chunks from the folder alone. */
async function openLegStore({ folder, hub, gate, signal }: ConvertLegOptions): Promise<ChunkStore> {
  const own = await openChunkStore(join(folder, 'chunks'))
  const starts = gate !== undefined && gate !== false && gate.boot !== undefined
  return hub && !starts ? storeOver(own, await openBackend(hub, signal)) : own
}

async function convertImage(image: ImageReport, chunks: ChunkStore, options: ConvertLegOptions): Promise<ImageReport> {
  const { folder, hub, platform, credentials, layers, startupToml, strict, limits, signal } = options
  const source = image.reference ?? image.source
  if (source === undefined) throw new PipelineError('bad-source', `${image.name}: was not built; build it first`)
  const phases = new PhaseRunner(image.name, options.progress)
  const output = join(folder, 'flists', image.flist)
  const reading = {
    ...(platform === undefined ? {} : { platform }),
    ...(credentials ? { credentials } : {}),
    ...(limits ? { limits } : {}),
    ...(signal ? { signal } : {}),
  }
  const kept = layers?.open(image)
  const conversion = await convertAndCheck(source, output, chunks, phases, {
    ...reading,
    ...(kept ? { layerCache: kept.cache } : {}),
    ...(options.minFree === undefined ? {} : { minFree: options.minFree }),
    ...(hub ? { backend: parseBackend(hub.backend) } : {}),
    ...(startupToml ? { startupToml } : {}),
    ...(strict ? { strict } : {}),
  })
  await kept?.keep(phases)
  if (options.verify) await verify(source, output, phases, reading)
  const gate = await gateOf(image, output, chunks, phases, options)
  const difference = await compare(image, output, chunks, phases, options)
  const durations = { ...image.durations, ...phases.durations }
  return { ...image, durations, conversion, ...(gate ? { gate } : {}), ...(difference ? { difference } : {}) }
}

async function gateOf(
  { name, source }: ImageReport,
  flist: string,
  contents: ChunkStore,
  phases: PhaseRunner,
  { gate = {}, folder, signal }: ConvertLegOptions,
): Promise<GateReport | undefined> {
  if (gate === false) return warnUngated(phases)
  const place = source ?? `recipes/images/${name}/image.yaml`
  return passGate({ flist, chunks: join(folder, 'chunks'), contents, place }, gate, phases, signal)
}

/** Where nobody answers there is nothing to compare with, which is no failure. */
async function compare(
  { link }: ImageReport,
  path: string,
  chunks: ChunkStore,
  phases: PhaseRunner,
  { compare: asked, hub, signal }: ConvertLegOptions,
): Promise<ImageDifference | undefined> {
  if (!asked || !hub) return undefined
  return phases.run('compare', `comparing with ${asked.user ?? 'nobody'}/${link} on ${asked.url}`, async ({ line }) => {
    try {
      const published = asked.user === undefined ? undefined : await publishedAddress(asked.url, asked.user, link)
      await using backend = closing(await openBackend(hub, signal))
      return await compareWithPublished(path, chunks, backend.store, published)
    } catch (error) {
      if (signal?.aborted) throw error
      line(`it was not compared: ${errorText(error)}`)
      return undefined
    }
  })
}

async function publishedAddress(url: string, user: string, link: string): Promise<string | undefined> {
  return withSession({ url, user }, undefined, async ({ hub, url: address, call }) => {
    const found = await hub.light(user, link, call)
    return found && found.md5 !== null ? `${address}/${user}/${link}` : undefined
  })
}

function closing(store: ChunkStore) {
  return { store, [Symbol.asyncDispose]: () => store.close() }
}

async function verify(
  name: string,
  path: string,
  phases: PhaseRunner,
  options: SourceOptions & Pick<ConvertOptions, 'limits'>,
): Promise<void> {
  const summary = await phases.run(
    'verify',
    `comparing with ${name}`,
    async ({ update }) => {
      using flist = await openFlist(path)
      const source = await openSource(name, options)
      try {
        return await verifyFlist(flist, source, { ...options, onBytes: (bytes) => update(formatBytes(bytes)) })
      } finally {
        await source.close()
      }
    },
    ({ entries, bytes }) => `${entries} entries, ${formatBytes(bytes)}`,
  )
  const [first] = summary.differences
  if (summary.equal || !first) return
  const total = summary.differences.length + summary.omittedDifferences
  throw new PipelineError(
    'flist-damaged',
    `${path}: ${total} differences from ${name}, the first: ${differenceText(first)}; convert it again`,
  )
}
