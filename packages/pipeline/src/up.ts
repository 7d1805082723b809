import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { connectEngine, parseDockerHost } from '@tf-images/engine'
import { openChunkStore } from '@tf-images/flist'
import {
  imageRuns,
  type Lock,
  loadRecipes,
  type Recipes,
  renderImage,
  type TestRun,
  withParents,
} from '@tf-images/recipe'
import { writeContexts } from '@tf-images/recipe/contexts'
import { RegistryClient } from '@tf-images/registry'
import type { GateOptions } from './contract/gate.ts'
import type { FidelityClass } from './fidelity/classes.ts'
import { bringUpImage, lookUpImage } from './image-line.ts'
import { openLayerCache } from './layer-cache.ts'
import type { ConvertLimits } from './limits.ts'
import { lockToBuildBy } from './lock.ts'
import { type BuildableImage, readOwnImage } from './own-dockerfile-image.ts'
import type { Progress } from './progress.ts'
import type { ImageReport } from './report.ts'
import type { CredentialLookup, HubSettings } from './settings.ts'

export type UpOptions = RunOptions & {
  /** Images to bring up; their bases on other images come with them. All when empty. */
  readonly images: readonly string[]
  /** These alone: what they are built on has to be there. */
  readonly only?: boolean
  /** Refuses whatever is not as recipes.lock.yaml says. */
  readonly frozen?: boolean
}

export type UpDockerfileOptions = RunOptions & {
  /** Path of the Dockerfile; its folder is its build context. */
  readonly dockerfile: string
  /** Name that the image gets. */
  readonly image: string
}

/** What is the same for images of recipes and of a Dockerfile of somebody's own. */
export type RunOptions = {
  /** Folder that has `recipes/` and `dockerfiles/`; of a Dockerfile, the one that messages name it from. */
  readonly root: string
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
  /** Adds `/.startup.toml` to the flists. */
  readonly startupToml?: boolean
  /** Classes of differences that make an image fail that is converted; nothing of it is published then. */
  readonly strict?: ReadonlySet<FidelityClass>
  /** What a converted image has to pass before it is published; false for nothing. Default: the boot contract. */
  readonly gate?: GateOptions | false
  /** What an image may cost to convert. */
  readonly limits?: ConvertLimits
  /** Bytes that have to be free for each image; by default what its base and its last build let expect. */
  readonly minFree?: number
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
  const labels = labelsOf(options.source, recipes)
  const prepare = () => writeContexts(options.root, rendered)
  return run(rendered, options, { lock, selected, labels, prepare, testsOf: (name) => imageRuns(recipes, name) })
}

/**
 * The same for one image of a Dockerfile that somebody wrote. It is built as it stands, on the images that it names as they are now.
 *
 * @throws RecipeError 'invalid' for what can not be built of it; PipelineError 'bad-source'; EngineError, FlistError before any work
 */
export async function bringUpDockerfile(options: UpDockerfileOptions): Promise<UpResult> {
  const { dockerfile, image: name, root, platform } = options
  const image = await readOwnImage({ dockerfile, name, root, platform })
  const labels = labelsOf(options.source, {})
  return run([image], options, { lock: undefined, selected: new Set([name]), labels, testsOf: () => [] })
}

type Prepared = {
  readonly lock: Lock | undefined
  /** Those of the images that are to be worked on. */
  readonly selected: ReadonlySet<string>
  readonly labels: Readonly<Record<string, string>>
  readonly testsOf: (image: string) => readonly TestRun[]
  /** Writes what the images are built from, where that is not there. */
  readonly prepare?: () => Promise<unknown>
}

async function run(
  images: readonly BuildableImage[],
  options: RunOptions & Pick<UpOptions, 'only' | 'frozen'>,
  { selected, prepare, ...prepared }: Prepared,
): Promise<UpResult> {
  const engine = await connectEngine(options.dockerHost ? parseDockerHost(options.dockerHost) : {})
  if (!options.dryRun) await prepare?.()
  await mkdir(join(options.workFolder, 'flists'), { recursive: true })
  if (options.archiveFolder) await mkdir(options.archiveFolder, { recursive: true })
  const chunks = await openChunkStore(join(options.workFolder, 'chunks'))
  const client = new RegistryClient({ credentials: options.credentials })
  const layerCache = openLayerCache(join(options.workFolder, 'layers'))
  const workshop = {
    ...options,
    ...prepared,
    engine,
    client,
    chunks,
    layerCache,
    digests: new Map<string, string | undefined>(),
    archived: new Set<string>(),
  }
  const reports: ImageReport[] = []
  const failures: ImageFailure[] = []
  try {
    for (const image of images) {
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
function labelsOf(source: string | undefined, recipes: Pick<Recipes, 'source'>): Readonly<Record<string, string>> {
  return source === undefined || recipes.source !== undefined ? {} : { 'org.opencontainers.image.source': source }
}
