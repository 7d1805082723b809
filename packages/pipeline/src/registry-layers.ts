import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { ChunkFormat } from '@tf-images/flist'
import { type Descriptor, parseReference, type Reference, RegistryClient } from '@tf-images/registry'
import { errorText } from './error-text.ts'
import { type LayerCache, layerIndexPath, openLayerCache } from './layer-cache.ts'
import type { PhaseRunner } from './progress.ts'
import type { ImageReport } from './report.ts'
import type { CredentialLookup } from './settings.ts'

/** An artifact with the converted layers of an image, a blob each. */
export const LAYERS_ARTIFACT = 'application/vnd.tf-images.layers.v1'
const LAYER_TYPE = 'application/vnd.tf-images.layer-index.v1'
/** Says which index a blob is: the sha256 of all it depends on. */
const NAME_ANNOTATION = 'io.tf-images.layer-index'

/** Larger blobs are no layer index. */
const MOST_BYTES = 512 << 20

/** Converted layers that lie beside the images in their registry, so that a machine that has none needs not convert them again. */
export type RegistryLayers = {
  /** The layers that an image may share with those that are there. */
  open(image: Pick<ImageReport, 'reference' | 'base'>): ImageLayers
  close(): Promise<void>
}

export type ImageLayers = {
  readonly cache: LayerCache
  /** Attaches the layers of the image to it, where that adds any. A registry that refuses is told of, and no failure. */
  keep(phases: PhaseRunner): Promise<void>
}

type Place = { readonly reference: Reference; readonly descriptor: Descriptor }

/**
 * Layers from a registry, kept in a folder in between. They are looked for at the image itself, the one that is published, and the one
 * it is built on; all three have been written by who may push images, who decides what is in flists anyway.
 *
 * @param options.folder as for `openLayerCache`
 */
export function registryLayers(options: {
  readonly credentials: CredentialLookup
  readonly folder: string
  readonly signal?: AbortSignal
}): RegistryLayers {
  const { credentials, folder, signal } = options
  const client = new RegistryClient({ credentials })
  const call = signal ? { signal } : {}
  const local = openLayerCache(folder)

  function open({ reference, base }: Pick<ImageReport, 'reference' | 'base'>): ImageLayers {
    if (reference === undefined) return { cache: local, keep: async () => {} }
    const image = parseReference(reference)
    const used = new Map<string, string>()
    let places: Promise<ReadonlyMap<string, Place>> | undefined
    let own = new Set<string>()

    async function find(): Promise<ReadonlyMap<string, Place>> {
      const found = new Map<string, Place>()
      for (const [index, candidate] of (await candidates(image, base)).entries()) {
        const listed = await list(candidate)
        if (index === 0) own = new Set(listed.keys())
        for (const [name, place] of listed) if (!found.has(name)) found.set(name, place)
      }
      return found
    }

    const cache: LayerCache = {
      async load(diffId, chunks, name) {
        const path = layerIndexPath(folder, diffId, chunks)
        const known = (await local.load(diffId, chunks, name)) ?? (await loadRemote(path, diffId, chunks, name))
        if (known) used.set(basename(path), path)
        return known
      },
      async save(diffId, chunks, layer) {
        await local.save(diffId, chunks, layer)
        const path = layerIndexPath(folder, diffId, chunks)
        used.set(basename(path), path)
      },
    }

    async function loadRemote(path: string, diffId: string, chunks: ChunkFormat, name: string) {
      places ??= find()
      const place = (await places).get(basename(path))
      if (!place) return undefined
      await download(place, path)
      return local.load(diffId, chunks, name)
    }

    async function keep(phases: PhaseRunner): Promise<void> {
      places ??= find()
      await places
      if ([...used.keys()].every((name) => own.has(name))) return
      await phases.run('keep', `keeping ${used.size} converted layers at ${reference}`, async ({ line }) => {
        try {
          await client.attach(image, { artifactType: LAYERS_ARTIFACT, blobs: await readBlobs(used) }, call)
        } catch (error) {
          if (signal?.aborted) throw error
          line(`they were not kept, so another machine converts them again: ${errorText(error)}`)
        }
      })
    }

    return { cache, keep }
  }

  /** Images that may have the same layers, the image itself first. */
  async function candidates(image: Reference, base: string): Promise<readonly Reference[]> {
    const { registry, repository } = image
    const published = await client.head({ registry, repository, tag: 'latest' }, call).catch(() => undefined)
    const parent = base === '' ? undefined : parseReference(base)
    const prefix = repository.slice(0, repository.lastIndexOf('/') + 1)
    const isOurs = parent?.registry === registry && parent.repository.startsWith(prefix) && parent.digest !== undefined
    return [
      image,
      ...(published && published.digest !== image.digest ? [{ registry, repository, digest: published.digest }] : []),
      ...(parent && isOurs ? [parent] : []),
    ]
  }

  /** What a registry does not tell is converted again. */
  async function list(reference: Reference): Promise<ReadonlyMap<string, Place>> {
    const manifests = await client.attachments(reference, LAYERS_ARTIFACT, call).catch((error: unknown) => {
      if (signal?.aborted) throw error
      return []
    })
    const named = manifests
      .flatMap(({ layers }) => layers)
      .flatMap((descriptor): [string, Place][] => {
        const name = descriptor.annotations?.[NAME_ANNOTATION]
        return name && descriptor.size <= MOST_BYTES ? [[name, { reference, descriptor }]] : []
      })
    return new Map(named)
  }

  async function download({ reference, descriptor }: Place, path: string): Promise<void> {
    const parts: Uint8Array[] = []
    for await (const bytes of client.blob(reference, descriptor, call)) parts.push(bytes)
    await mkdir(dirname(path), { recursive: true })
    const temporary = `${path}.${randomBytes(8).toString('hex')}`
    await writeFile(temporary, Buffer.concat(parts), { flag: 'wx' })
    await rename(temporary, path)
  }

  return { open, close: () => client.close() }
}

/** By name, so that the same layers are the same artifact. */
async function readBlobs(used: ReadonlyMap<string, string>) {
  const blobs = []
  for (const [name, path] of [...used].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if ((await stat(path)).size > MOST_BYTES) continue
    const bytes = await readFile(path)
    blobs.push({ mediaType: LAYER_TYPE, bytes, annotations: { [NAME_ANNOTATION]: name } })
  }
  return blobs
}
