import {
  type Descriptor,
  type FoundManifest,
  parseReference,
  type RegistryClient,
  RegistryError,
} from '@tf-images/registry'
import { INPUTS_LABEL } from '../build-id.ts'
import type { ImageNames } from '../image-names.ts'
import { type BuildInputs, parseInputsLabel } from './build-inputs.ts'

/** What is known of a build that was before. */
type BuildBefore = {
  /** Undefined where its image does not say it. */
  readonly inputs: BuildInputs | undefined
  /** Of its layers. */
  readonly bytes: number
}

/** Where builds are looked for. */
type BuildRegistry = {
  readonly client: Pick<RegistryClient, 'manifest' | 'resolve'>
  readonly platform: string
}

/**
 * What a later build is compared with: the one that a link leads to, or else the last one. That is one request where its manifest says
 * from what it was made, as {@link RegistryClient.date} puts it; else the config is read as well, and of an index the manifest before.
 * Four at most: one for an image that is lost, and three for such an index.
 *
 * @param published short build id that the link leads to
 * @returns `undefined` when no such image is there, or none that can be read
 */
export async function findBuildBefore(
  { reference, latest }: ImageNames,
  published: string | undefined,
  registry: BuildRegistry,
): Promise<BuildBefore | undefined> {
  const tagged = published === undefined ? [] : [`${reference.slice(0, reference.lastIndexOf(':'))}:${published}`]
  for (const candidate of [...tagged, latest]) {
    try {
      return await readBuild(candidate, registry)
    } catch (error) {
      // What is not there, or not readable, tells nothing; that is no reason to stop.
      if (!(error instanceof RegistryError)) throw error
    }
  }
  return undefined
}

/** A build as its image tells of it: in the manifest, or where that does not, in the config. No layer is read. */
async function readBuild(candidate: string, { client, platform }: BuildRegistry): Promise<BuildBefore> {
  const reference = parseReference(candidate)
  const found = await client.manifest(reference)
  const annotated = annotatedBuild(found)
  if (annotated) return annotated
  const { config, layers } = await client.resolve(reference, platform, { found })
  return { inputs: parseInputsLabel(config.config?.Labels?.[INPUTS_LABEL]), bytes: sizeOf(layers) }
}

/** What anybody may have written, as the label. Undefined also for an index, in which a platform has to be chosen first. */
function annotatedBuild({ document }: FoundManifest): BuildBefore | undefined {
  if (document.kind === 'index') return undefined
  const { annotations, layers } = document.manifest
  const inputs = parseInputsLabel(annotations?.[INPUTS_LABEL])
  return inputs && { inputs, bytes: sizeOf(layers) }
}

function sizeOf(layers: readonly Descriptor[]): number {
  return layers.reduce((total, { size }) => total + size, 0)
}
