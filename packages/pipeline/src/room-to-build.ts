import { dataFolder, type Engine } from '@tf-images/engine'
import { type Descriptor, parseReference, type RegistryClient, RegistryError } from '@tf-images/registry'
import type { PinnedBase } from './base-search.ts'
import { NOTHING } from './own-dockerfile-image.ts'
import {
  expectedToBuild,
  expectedToConvert,
  layerBytes,
  requireDiskSpace,
  requireEngineSpace,
} from './stages/disk-space.ts'

export type RoomToBuild = {
  readonly name: string
  readonly base: PinnedBase
  /** Bytes of the layers of its last build, where there is one. */
  readonly previousBytes?: number
  readonly engine: Engine
  readonly client: RegistryClient
  readonly platform: string
  readonly workFolder: string
  /** Bytes that have to be free in the work folder, in place of what is expected. */
  readonly minFree?: number
}

/**
 * Looks that the disks of the engine and of the work folder have what an image is expected to take: by the layers of what it is built
 * on, and of its last build.
 *
 * @throws PipelineError 'disk-full'
 */
export async function requireRoomToBuild(room: RoomToBuild): Promise<void> {
  const { name, base, previousBytes, engine, workFolder, minFree } = room
  const what = `to build ${name}`
  if (minFree !== undefined) return requireDiskSpace(workFolder, minFree, what)
  const references = [...(base.images?.values() ?? [base])].map(({ reference }) => reference)
  const layers = await Promise.all(references.map((reference) => layersOf(reference, room)))
  const bytes = layerBytes(layers.flat())
  await requireEngineSpace(await dataFolder(engine), expectedToBuild(bytes, previousBytes), what)
  await requireDiskSpace(workFolder, expectedToConvert(Math.max(bytes, previousBytes ?? 0)), what)
}

/** None of what is in no registry, and of what can not be asked here: the build tells of that. */
async function layersOf(
  reference: string,
  { client, platform }: Pick<RoomToBuild, 'client' | 'platform'>,
): Promise<readonly Descriptor[]> {
  if (reference === NOTHING || reference.startsWith('sha256:')) return []
  try {
    return (await client.resolve(parseReference(reference), platform)).layers
  } catch (error) {
    if (error instanceof RegistryError) return []
    throw error
  }
}
