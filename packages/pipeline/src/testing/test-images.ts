import { randomBytes } from 'node:crypto'
import { type Engine, EngineError, pullImage, removeImage } from '@tf-images/engine'
import { type Lock, lockEntry, type Recipes, type RenderedImage, renderImage } from '@tf-images/recipe'
import type { RegistryClient } from '@tf-images/registry'
import { pinBase } from '../base.ts'
import type { ForeignBase } from '../base-search.ts'
import { buildRendered } from '../build.ts'
import { buildArgumentsOf } from '../build-arguments.ts'
import { type PhaseReport, PhaseRunner, type Progress } from '../progress.ts'
import { type CredentialLookup, parseRegistryHost } from '../settings.ts'

export type TestImageOptions = {
  /** Folder that has `recipes/`. */
  readonly root: string
  readonly recipes: Recipes
  /** Where images are pushed: bases that were bootstrapped are there, too. */
  readonly registry: string
  readonly platform: string
  readonly credentials: CredentialLookup
  readonly engine: Engine
  readonly client: RegistryClient
  /** Pins bases, and has the hashes that recipes leave to it. */
  readonly lock?: Lock
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/** Images that are built to be tried and are removed at the end. They have no tag and are never pushed. */
export type TestImages = AsyncDisposable & {
  /** The id of an image, which is built when it is asked for first, with those it is built on. */
  build(rendered: RenderedImage): Promise<string>
}

/** Opens a set of images for one run of tests. The layers they share are built once. */
export function openTestImages(options: TestImageOptions): TestImages {
  const { root, recipes, engine, platform, signal, progress } = options
  // A label of their own keeps them from being the very image that somebody built for use.
  const labels = { 'io.tf-images.test': randomBytes(8).toString('hex') }
  const built = new Map<string, Promise<string>>()
  const bases = new Map<string, Promise<string>>()
  const ids: string[] = []
  const layers: string[] = []

  const build = async (rendered: RenderedImage): Promise<string> => {
    const phases = new PhaseRunner(rendered.name, progress)
    const base = await baseFor(rendered, phases)
    return phases.run('build', `building ${rendered.name} to try it`, async (report) => {
      const onLayer = (id: string) => layers.push(id)
      const buildArguments = buildArgumentsOf(rendered, options.lock)
      const request = { rendered, root, base, buildArguments, references: [], labels, platform, onLayer }
      const id = await buildRendered(engine, request, report, signal)
      ids.push(id)
      return id
    })
  }
  const once = (rendered: RenderedImage): Promise<string> => {
    const running = built.get(rendered.name) ?? build(rendered)
    built.set(rendered.name, running)
    return running
  }
  const baseFor = async ({ base }: RenderedImage, phases: PhaseRunner): Promise<string> => {
    if (base.kind === 'image') return once(renderImage(recipes, base.name))
    const running =
      bases.get(base.name) ??
      phases.run('base', `looking for the base ${base.name}`, (report) => pullBase(base, options, report))
    bases.set(base.name, running)
    return running
  }
  return {
    build: once,
    // The last first: an image can not go before those built on it.
    [Symbol.asyncDispose]: async () => {
      for (const id of ids.reverse()) await removeImage(engine, id, { force: true })
      // What is left are layers of builds that failed; others may have taken one for theirs meanwhile.
      for (const id of layers.reverse()) await removeImage(engine, id).catch(ignoreUsed)
    },
  }
}

function ignoreUsed(error: unknown): void {
  if (!(error instanceof EngineError) || error.status !== 409) throw error
}

/** @returns its pinned reference */
async function pullBase(
  base: ForeignBase,
  { registry, lock, engine, client, platform, credentials, signal }: TestImageOptions,
  report: PhaseReport,
): Promise<string> {
  const registryHost = parseRegistryHost(registry)
  const digest = lockEntry(lock?.bases, base.name)?.digest
  const call = signal ? { signal } : {}
  const search = { client, registryHost, credentials, platform, ...(digest === undefined ? {} : { locked: digest }) }
  const { reference } = await pinBase(base, { ...search, engine, report, ...call })
  const access = await credentials(registryHost)
  const onProgress = (event: { readonly text: string }) => report.update(event.text)
  await pullImage(engine, reference, { ...(access ? { credentials: access } : {}), ...call, onProgress })
  return reference
}
