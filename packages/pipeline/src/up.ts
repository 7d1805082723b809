import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { connectEngine, parseDockerHost } from '@tf-images/engine'
import { openChunkStore } from '@tf-images/flist'
import { loadRecipes, type Recipes, renderImage, withParents, writeContexts } from '@tf-images/recipe'
import { RegistryClient } from '@tf-images/registry'
import type { GateOptions } from './contract/gate.ts'
import type { FidelityClass } from './fidelity/classes.ts'
import { bringUpImage, lookUpImage } from './image-line.ts'
import { openLayerCache } from './layer-cache.ts'
import type { ConvertLimits } from './limits.ts'
import { lockToBuildBy } from './lock.ts'
import type { Progress } from './progress.ts'
import type { ImageReport } from './report.ts'
import type { CredentialLookup, HubSettings } from './settings.ts'

export type UpOptions = {
  /** Folder that has `recipes/` and `dockerfiles/`. */
  readonly root: string
  /** Images to bring up; their bases on other images come with them. All when empty. */
  readonly images: readonly string[]
  /** These alone: what they are built on has to be there. */
  readonly only?: boolean
  /** Where images are pushed, `ghcr.io/owner/tf-images`. */
  readonly registry: string
  /** Where flists are published; without it the line ends with the pushed image. */
  readonly hub?: HubSettings
  /** Folder for converted flists (`flists/`), the chunk cache (`chunks/`) and the layer cache (`layers/`). */
  readonly workFolder: string
  /** `linux/amd64`. */
  readonly platform: string
  readonly credentials: CredentialLookup
  readonly progress: Progress
  /** Rebuilds and publishes although nothing changed. */
  readonly force?: boolean
  /** Decides and reports, does nothing. */
  readonly dryRun?: boolean
  /** Pushes nothing: images are written to this folder as `docker save` archives. Nothing is converted then. */
  readonly archiveFolder?: string
  /** False leaves the tag `latest` where it is, for {@link UpOptions.hub} to be done by another job. Default: true. */
  readonly moveTags?: boolean
  /** Has the engine take layers from what was published last; it is pulled for that. */
  readonly cacheFrom?: boolean
  /** When images say they were created, in seconds since the epoch, as SOURCE_DATE_EPOCH is; by default when they are built. */
  readonly created?: number
  /** Where the recipes live, for the label of images, when they do not say. */
  readonly source?: string
  /** Refuses whatever is not as recipes.lock.yaml says. */
  readonly frozen?: boolean
  /** Adds `/.startup.toml` to the flists. */
  readonly startupToml?: boolean
  /** Classes of differences that make an image fail that is converted; nothing of it is published then. */
  readonly strict?: ReadonlySet<FidelityClass>
  /** What a converted image has to pass before it is published; false for nothing. Default: the boot contract. */
  readonly gate?: GateOptions | false
  /** What an image may cost to convert. */
  readonly limits?: ConvertLimits
  /** `unix:///var/run/docker.sock`, `tcp://host:port`. */
  readonly dockerHost?: string
  readonly signal?: AbortSignal
}

export type ImageFailure = { readonly image: string; readonly error: unknown }

export type UpResult = { readonly reports: readonly ImageReport[]; readonly failures: readonly ImageFailure[] }

/**
 * The whole line for some images: render, build, push, convert, check, lint, boot where asked for, publish, read back. Images go in build order; one
 * that fails stops those on top of it and no other.
 *
 * @throws RecipeError, PipelineError 'not-locked', EngineError, FlistError before the first image
 */
export async function bringUp(options: UpOptions): Promise<UpResult> {
  const recipes = await loadRecipes(options.root)
  const rendered = withParents(recipes, options.images).map((name) => renderImage(recipes, name))
  const lock = await lockToBuildBy(options.root, recipes, rendered, options.frozen ?? false)
  const selected = new Set(
    options.only && options.images.length > 0 ? options.images : rendered.map(({ name }) => name),
  )
  const engine = await connectEngine(options.dockerHost ? parseDockerHost(options.dockerHost) : {})
  if (!options.dryRun) await writeContexts(options.root, rendered)
  await mkdir(join(options.workFolder, 'flists'), { recursive: true })
  if (options.archiveFolder) await mkdir(options.archiveFolder, { recursive: true })
  const chunks = await openChunkStore(join(options.workFolder, 'chunks'))
  const client = new RegistryClient({ credentials: options.credentials })
  const layerCache = openLayerCache(join(options.workFolder, 'layers'))
  const workshop = {
    ...options,
    recipes,
    lock,
    engine,
    client,
    chunks,
    layerCache,
    digests: new Map<string, string | undefined>(),
    archived: new Set<string>(),
    labels: labelsOf(options.source, recipes),
  }
  const reports: ImageReport[] = []
  const failures: ImageFailure[] = []
  try {
    for (const image of rendered) {
      try {
        options.signal?.throwIfAborted()
        if (selected.has(image.name)) reports.push(await bringUpImage(image, workshop))
        else await lookUpImage(image, workshop)
      } catch (error) {
        if (options.signal?.aborted) throw error
        failures.push({ image: image.name, error })
      }
    }
  } finally {
    await Promise.all([chunks.close(), client.close()])
  }
  return { reports, failures }
}

/** A registry such as GHCR finds the repository by it. A label of the recipes is in their Dockerfiles. */
function labelsOf(source: string | undefined, recipes: Recipes): Readonly<Record<string, string>> {
  return source === undefined || recipes.source !== undefined ? {} : { 'org.opencontainers.image.source': source }
}
