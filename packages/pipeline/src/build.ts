import { buildImage, type Engine, EngineError, pullImage, pushImage } from '@tf-images/engine'
import { contextFiles, type RenderedImage, readCodeFrame, traceFailure } from '@tf-images/recipe'
import { parseReference, type RegistryClient } from '@tf-images/registry'
import { PipelineError } from './errors.ts'
import type { PhaseRunner } from './progress.ts'
import type { CredentialLookup } from './settings.ts'

export type BuildRequest = {
  readonly rendered: RenderedImage
  /** Folder that has `recipes/`: a failed step is shown as its recipe has it. */
  readonly root: string
  /** Pinned reference for the Dockerfile's `ARG BASE`. */
  readonly base: string
  /** Values of its other build arguments. */
  readonly buildArguments: Readonly<Record<string, string>>
  /** References to push, the immutable one first. */
  readonly references: readonly [string, ...string[]]
  readonly labels: Readonly<Record<string, string>>
  readonly platform: string
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
  request: BuildRequest,
  services: BuildServices,
): Promise<{ readonly digest: string }> {
  const { engine, phases, client, signal } = services
  const [immutable, ...moving] = request.references
  const registry = parseReference(immutable).registry
  const credentials = await services.credentials(registry)
  const access = { ...(credentials ? { credentials } : {}), ...(signal ? { signal } : {}) }
  await phases.run('build', `building ${request.rendered.name} from ${request.base}`, async (report) => {
    await pullImage(engine, request.base, { ...access, onProgress: (event) => report.update(event.text) })
    const built = buildImage(engine, {
      context: contextFiles(request.rendered),
      place: `dockerfiles/${request.rendered.name}/Dockerfile`,
      tags: request.references,
      buildArgs: { ...request.buildArguments, BASE: request.base },
      labels: request.labels,
      platform: request.platform,
      onProgress: (event) => (event.kind === 'output' ? report.update(event.text) : report.line(event.text)),
      ...(signal ? { signal } : {}),
    })
    return built.catch((error) => rejectAtRecipe(error, request))
  })
  return phases.run('push', `pushing ${immutable}`, async (report) => {
    const pushed = await pushImage(engine, immutable, { ...access, onProgress: (event) => report.update(event.text) })
    const found = await client.head(parseReference(immutable))
    if (found?.digest !== pushed.digest) {
      throw new PipelineError(
        'digest-mismatch',
        `${immutable}: the engine pushed ${pushed.digest}, the registry has ${found?.digest ?? 'nothing'}; another push interfered: run again`,
      )
    }
    for (const reference of moving)
      await client.tag(parseReference(immutable), pushed.digest, parseReference(reference).tag ?? 'latest')
    return pushed
  })
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
