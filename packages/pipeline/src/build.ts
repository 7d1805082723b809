import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { buildImage, countSteps, type Engine, EngineError, pullImage, pushImage, saveImage } from '@tf-images/engine'
import { contextFiles, readCodeFrame, traceFailure } from '@tf-images/recipe'
import { formatReference, parseReference, type RegistryClient } from '@tf-images/registry'
import { INPUTS_LABEL } from './build-id.ts'
import { errorText } from './error-text.ts'
import { PipelineError } from './errors.ts'
import { type BuildableImage, NOTHING } from './own-dockerfile-image.ts'
import type { PhaseReport, PhaseRunner } from './progress.ts'
import type { CredentialLookup } from './settings.ts'

export type BuildRequest = {
  readonly rendered: BuildableImage
  /** Folder that has `recipes/`, or a Dockerfile: a failed step is shown as that has it. */
  readonly root: string
  /** Pinned reference for the Dockerfile's `ARG BASE`. */
  readonly base: string
  /** What a Dockerfile of somebody's own is given in place of the images that it names. */
  readonly images?: ReadonlyMap<string, { readonly reference: string }>
  /** Values of its other build arguments. */
  readonly buildArguments: Readonly<Record<string, string>>
  /** What the image is tagged with. */
  readonly references: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly platform: string
  /** Called with the id of every image that a step makes. */
  readonly onLayer?: (imageId: string) => void
}

/** An image that leaves the engine. */
export type ImageRequest = BuildRequest & {
  /** Its immutable name. */
  readonly references: readonly [string]
  /** Image whose layers the engine may take; it need not exist. */
  readonly cacheFrom?: string
  /** When the image says it was created, in seconds since the epoch; by default when it was built. */
  readonly created?: number
}

export type BuildServices = {
  readonly engine: Engine
  readonly client: RegistryClient
  readonly credentials: CredentialLookup
  readonly phases: PhaseRunner
  readonly signal?: AbortSignal
}

/**
 * Builds a rendered context with the engine, pushes it, and reads the manifest digest back from the registry.
 *
 * @returns the manifest digest, the same from the engine and from the registry
 * @throws PipelineError 'build-failed' at the recipe line of a failing step, caused by an EngineError that has its Dockerfile line;
 * EngineError of any other failure; PipelineError 'digest-mismatch'
 */
export async function buildAndPush(
  request: ImageRequest,
  services: BuildServices,
): Promise<{ readonly digest: string }> {
  const { engine, phases, client, signal } = services
  const {
    references: [immutable],
    created,
  } = request
  const pushed = created === undefined ? immutable : stagingReference(immutable)
  const credentials = await services.credentials(parseReference(immutable).registry)
  const access = { ...(credentials ? { credentials } : {}), ...(signal ? { signal } : {}) }
  await build(request, services, [...new Set([immutable, pushed])])
  return phases.run('push', `pushing ${immutable}`, async (report) => {
    const { digest } = await pushImage(engine, pushed, { ...access, onProgress: (event) => report.update(event.text) })
    const found = await client.head(parseReference(pushed))
    if (found?.digest !== digest) {
      throw new PipelineError(
        'digest-mismatch',
        `${pushed}: the engine pushed ${digest}, the registry has ${found?.digest ?? 'nothing'}; another push interfered: run again`,
      )
    }
    if (created === undefined) return { digest }
    const { registry, repository, tag = '' } = parseReference(immutable)
    const inherited = request.base === NOTHING ? 0 : await countSteps(engine, request.base)
    const annotations = annotationsOf(request)
    const dated = await client.date({ registry, repository, digest }, created * 1000, { inherited, annotations })
    // The immutable name comes last: what has it is whole, and stays.
    await client.tag({ registry, repository, digest: dated.digest }, dated.digest, tag)
    return { digest: dated.digest }
  })
}

/** The label that plans read: in the manifest, which they have asked for already, it saves them the config. */
function annotationsOf({ labels: { [INPUTS_LABEL]: inputs } }: ImageRequest): Readonly<Record<string, string>> {
  return inputs === undefined ? {} : { [INPUTS_LABEL]: inputs }
}

/** Where an engine, which can push by tag only, leaves what gets its own name when it has its time. */
function stagingReference(reference: string): string {
  const { registry, repository } = parseReference(reference)
  return formatReference({ registry, repository, tag: 'staging' })
}

/**
 * Builds a rendered context and writes the image to a file, for whoever may not push.
 *
 * @param output of the `docker save` archive
 * @returns the image id, which what is built on top of it takes as its base
 * @throws as {@link buildAndPush} while building; EngineError 'export-failed'
 */
export async function buildAndSave(
  request: ImageRequest,
  services: BuildServices,
  output: string,
): Promise<{ readonly imageId: string }> {
  const { engine, phases, signal } = services
  const { imageId } = await build(request, services)
  const options = signal ? { signal } : {}
  await phases.run('save', `writing ${output}`, () =>
    pipeline(saveImage(engine, request.references[0], options), createWriteStream(output), options),
  )
  return { imageId }
}

/** Builds it in the engine, with what that needs from registries. */
async function build(
  request: ImageRequest,
  services: BuildServices,
  references: readonly string[] = request.references,
): Promise<{ readonly imageId: string }> {
  const { engine, phases, signal } = services
  const { base, images, rendered } = request
  return phases.run('build', `building ${rendered.name} from ${base}`, async (report) => {
    const pull = async (reference: string) => {
      // A password is for the registry it was given for, and bases are from others.
      const credentials = await services.credentials(parseReference(reference).registry)
      const access = { ...(credentials ? { credentials } : {}), ...(signal ? { signal } : {}) }
      await pullImage(engine, reference, { ...access, onProgress: (event) => report.update(event.text) })
    }
    for (const { reference } of images?.values() ?? []) await pull(reference)
    // An image id names what this engine has, and nothing a registry could be asked for.
    if (!images && !base.startsWith('sha256:')) await pull(base)
    const cacheFrom = request.cacheFrom ? await pullCache(request.cacheFrom) : []
    return { imageId: await buildRendered(engine, { ...request, references, cacheFrom }, report, signal) }

    /** An image that is not there, or may not be read, only makes the build longer. */
    async function pullCache(cache: string): Promise<readonly string[]> {
      try {
        await pull(cache)
        return [cache]
      } catch (error) {
        if (signal?.aborted) throw error
        report.line(`no layers from ${cache}: ${errorText(error)}`)
        return []
      }
    }
  })
}

/**
 * Builds a rendered context with the engine.
 *
 * @returns the id of the image
 * @throws PipelineError 'build-failed' at the recipe line of a failing step; EngineError of any other failure
 */
export async function buildRendered(
  engine: Engine,
  request: BuildRequest & { readonly cacheFrom?: readonly string[] },
  report: PhaseReport,
  signal?: AbortSignal,
): Promise<string> {
  const built = buildImage(engine, {
    ...contextOf(request),
    tags: request.references,
    labels: request.labels,
    platform: request.platform,
    ...(request.cacheFrom ? { cacheFrom: request.cacheFrom } : {}),
    onProgress: (event) => (event.kind === 'output' ? report.update(event.text) : report.line(event.text)),
    ...(request.onLayer ? { onLayer: request.onLayer } : {}),
    ...(signal ? { signal } : {}),
  })
  const { imageId } = await built.catch((error) => rejectAtRecipe(error, request))
  return imageId
}

/** What is sent to the engine of an image. */
function contextOf({ rendered, images, buildArguments, base }: BuildRequest) {
  const { own, name } = rendered
  if (!own) {
    const place = `dockerfiles/${name}/Dockerfile`
    return { context: contextFiles(rendered), place, buildArgs: { ...buildArguments, BASE: base } }
  }
  const references = new Map([...(images ?? [])].map(([image, { reference }]) => [image, reference]))
  const { folder: context, dockerfile, place, withImages } = own
  return { context, dockerfile, dockerfileText: withImages(references), place, buildArgs: buildArguments }
}

/** Rejects with the place in the recipes that a failed step comes from, and its text; with the error as it is where none is known. */
async function rejectAtRecipe(error: unknown, { rendered, root }: BuildRequest): Promise<never> {
  if (!(error instanceof EngineError) || error.line === undefined) throw error
  const place = traceFailure(rendered, error.line, error.output)
  if (place === undefined) throw error
  const { file, line, column } = place
  const text = `${file}:${line}:${column}: what this adds to "${rendered.name}" does not build; correct it and build again`
  const frame = await readCodeFrame(root, place)
  throw new PipelineError('build-failed', `${text}\n${frame.trimEnd()}`, { cause: error, place })
}
