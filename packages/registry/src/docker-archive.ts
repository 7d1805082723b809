import { createHash } from 'node:crypto'
import { readBounded } from './bounded-read.ts'
import type { Descriptor } from './descriptor.ts'
import { digestOf } from './digest.ts'
import { chooseImage, type NamedImage, noSuchImage } from './docker-archive-images.ts'
import { parseDockerManifest, tooLargeManifest } from './docker-manifest.ts'
import { CONFIG_LIMIT, parseImageConfig } from './image-config.ts'
import type { ImageLayout } from './image-layout.ts'
import type { BlobBytes, CallOptions } from './image-reader.ts'
import { type LayoutFile, type LayoutFiles, type SpareMemory, withSpareMemory } from './layout-files.ts'
import { openLayoutFiles, repositoryOf } from './layout-path.ts'
import { type ImageManifest, MANIFEST_LIMIT } from './manifest.ts'
import { MEDIA_TYPES } from './media-types.ts'
import { DEFAULT_PLATFORM, parsePlatform } from './platform.ts'
import { quote } from './quoted-text.ts'
import type { Reference } from './reference.ts'
import { RegistryError } from './registry-error.ts'
import { resolveImage } from './resolve-image.ts'
import { verifyBlob } from './verified-blob.ts'

const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar'
/** Engines load compressed layers too, and some tools write them. */
const COMPRESSIONS: readonly (readonly [magic: string, suffix: string])[] = [
  ['1f8b', '+gzip'],
  ['28b52ffd', '+zstd'],
]

/** An image as it is read: with a manifest of our own, as the archive has none with digests. */
type ArchiveImage = {
  readonly digest: string
  readonly manifest: ImageManifest
  /** Digest → file of the archive. */
  readonly blobs: ReadonlyMap<string, LayoutFile>
}

/**
 * Opens what `docker save` of an engine before 25 writes, and tools that imitate it (Podman, Bazel, kaniko): an
 * uncompressed tar with a `manifest.json`, image configs, and the layers in folders or beside it, possibly as links. It is
 * read in place. `close` it after use.
 *
 * Such an archive has no digests of layers as they are stored. Those it gives are made: a plain layer has its diff id, which
 * is checked as it is read; a compressed one is read once more, before, to know its digest. So is the digest of the
 * manifest: an OCI manifest of these layers, the same for the same image wherever it is saved. An image is chosen by name,
 * by that digest, or by its image id.
 *
 * Source: moby/docker-image-spec, spec v1.2; moby, image/tarexport.
 *
 * @throws RegistryError `bad-layout` when there is none at `path`, `unsupported` when it is compressed, `bad-manifest`
 */
export async function openDockerArchive(path: string): Promise<ImageLayout> {
  const files = await openLayoutFiles(path)
  try {
    return archiveReader(files, path, await readImages(files, path))
  } catch (error) {
    await files.close()
    throw error
  }
}

async function readImages(files: LayoutFiles, path: string): Promise<NamedImage[]> {
  const subject = `${quote(path)} manifest.json`
  const file = await memberFile(files, path, 'manifest.json')
  const bytes = await readBounded(file.read(), MANIFEST_LIMIT, () => tooLargeManifest(subject))
  const images: NamedImage[] = []
  for (const entry of parseDockerManifest(bytes, subject)) {
    const config = await readConfig(files, path, entry.config)
    images.push({ ...entry, imageId: digestOf(config) })
  }
  return images
}

function archiveReader(files: LayoutFiles, path: string, images: readonly NamedImage[]): ImageLayout {
  const known = new Map<NamedImage, ArchiveImage>()
  const describe = async (image: NamedImage, options: CallOptions): Promise<ArchiveImage> => {
    const found = known.get(image) ?? (await describeImage(files, path, image, options))
    known.set(image, found)
    return found
  }
  /** Digests of manifests are known only after looking at every image. */
  const find = async (reference: Reference | undefined, options: CallOptions): Promise<ArchiveImage | undefined> => {
    const chosen = chooseImage(images, reference, path)
    if (chosen !== undefined) return describe(chosen, options)
    for (const image of reference?.digest === undefined ? [] : images) {
      const described = await describe(image, options)
      if (described.digest === reference?.digest) return described
    }
    return undefined
  }
  const blob = (descriptor: Descriptor, { signal }: CallOptions): BlobBytes =>
    withSpareMemory((spare) => readBlob(descriptor, spare, signal))
  async function* readBlob(descriptor: Descriptor, spare: SpareMemory, signal?: AbortSignal) {
    const subject = `${quote(path)} blob ${descriptor.digest}`
    for (const { blobs } of known.values()) {
      const file = blobs.get(descriptor.digest)
      if (file === undefined) continue
      for await (const bytes of verifyBlob(file.read(spare), descriptor, subject)) {
        signal?.throwIfAborted()
        yield bytes
      }
      return
    }
    throw new RegistryError('not-found', `${subject}: is in no image that was resolved; resolve its image first`)
  }
  return {
    async resolve(reference, platform = DEFAULT_PLATFORM, options = {}) {
      const image = await find(reference, options)
      if (image === undefined) throw noSuchImage(images, reference, path)
      const { digest, manifest } = image
      const name = reference ?? { registry: 'localhost', repository: repositoryOf(path) }
      const start = { digest, document: { kind: 'manifest', manifest } } as const
      return resolveImage(name, quote(path), start, parsePlatform(platform), {
        manifest: async () => start,
        blob: (descriptor) => blob(descriptor, options),
      })
    },
    async head(reference, options = {}) {
      const image = await find(reference, options)
      return image && { mediaType: image.manifest.mediaType, digest: image.digest, size: encode(image.manifest).length }
    },
    blob: (_reference, descriptor, options = {}) => blob(descriptor, options),
    close: () => files.close(),
  }
}

async function describeImage(
  files: LayoutFiles,
  path: string,
  image: NamedImage,
  { signal }: CallOptions,
): Promise<ArchiveImage> {
  const bytes = await readConfig(files, path, image.config)
  const { rootfs } = parseImageConfig(bytes, image.layers.length, `${quote(path)} ${quote(image.config)}`)
  const config = { mediaType: MEDIA_TYPES.ociConfig, digest: image.imageId, size: bytes.length }
  const blobs = new Map([[image.imageId, await memberFile(files, path, image.config)]])
  const layers: Descriptor[] = []
  for (const [index, name] of image.layers.entries()) {
    const file = await memberFile(files, path, name)
    const layer = await describeLayer(file, rootfs.diff_ids[index] ?? '', signal)
    layers.push(layer)
    blobs.set(layer.digest, file)
  }
  const manifest: ImageManifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers }
  return { digest: digestOf(encode(manifest)), manifest, blobs }
}

async function describeLayer(file: LayoutFile, diffId: string, signal: AbortSignal | undefined): Promise<Descriptor> {
  const start = await readBounded(file.read(), 4)
  const compression = COMPRESSIONS.find(([magic]) => start.toString('hex').startsWith(magic))
  if (compression === undefined) return { mediaType: LAYER_TYPE, digest: diffId, size: file.size }
  const hash = createHash('sha256')
  for await (const bytes of file.read()) {
    signal?.throwIfAborted()
    hash.update(bytes)
  }
  const digest = `sha256:${hash.digest('hex')}`
  return { mediaType: `${LAYER_TYPE}${compression[1]}`, digest, size: file.size }
}

/** The bytes of a config; where its file is called after their digest, it has to be theirs. */
async function readConfig(files: LayoutFiles, path: string, name: string): Promise<Buffer> {
  const subject = `${quote(path)} ${quote(name)}`
  const file = await memberFile(files, path, name)
  const bytes = await readBounded(
    file.read(),
    CONFIG_LIMIT,
    () => new RegistryError('bad-manifest', `${subject}: has more than ${CONFIG_LIMIT} bytes; it is no image config`),
  )
  const named = /(?:^|[/:])([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1]
  const actual = digestOf(bytes)
  if (named === undefined || actual === `sha256:${named}`) return bytes
  throw new RegistryError(
    'digest-mismatch',
    `${subject}: digest is ${actual}, its name says otherwise; the archive was changed or damaged, save the image again`,
    { expected: `sha256:${named}`, actual },
  )
}

async function memberFile(files: LayoutFiles, path: string, name: string): Promise<LayoutFile> {
  const file = await files.open(name.replace(/^(?:\.\/)+/, ''))
  if (file !== undefined) return file
  throw new RegistryError(
    'bad-layout',
    `${quote(path)}: has no ${quote(name)}; name an archive that docker save wrote, or save the image again`,
  )
}

function encode(manifest: ImageManifest): Buffer {
  return Buffer.from(JSON.stringify(manifest))
}
