import { readBounded } from './bounded-read.ts'
import type { Descriptor } from './descriptor.ts'
import { CONFIG_LIMIT, type ImageConfig, parseImageConfig } from './image-config.ts'
import type { ResolvedImage } from './image-reader.ts'
import type { ImageIndex, ImageManifest, ManifestDocument } from './manifest.ts'
import { isImageConfig, layerType, manifestKind } from './media-types.ts'
import { formatPlatform, type Platform, selectPlatform } from './platform.ts'
import { quote } from './quoted-text.ts'
import type { Reference } from './reference.ts'
import { RegistryError } from './registry-error.ts'

/** A manifest or index that was read and whose digest was checked. */
export type FoundManifest = { readonly digest: string; readonly document: ManifestDocument }

/** How the documents of an image are read; both check digest and size. */
export type DocumentReader = {
  readonly manifest: (descriptor: Descriptor) => Promise<FoundManifest>
  readonly blob: (descriptor: Descriptor) => AsyncIterable<Uint8Array>
}

const DEEPEST_INDEX = 4
const LISTED_PLATFORMS = 20

/**
 * From what a reference points to down to the config of the image for one platform: the part of resolving an image that
 * is the same for registries and layouts.
 *
 * @param subject the reference, for messages
 * @throws RegistryError `platform-not-found`, `unsupported`, `bad-manifest`, and what `reader` throws
 */
export async function resolveImage(
  reference: Reference,
  subject: string,
  start: FoundManifest,
  platform: Platform,
  reader: DocumentReader,
): Promise<ResolvedImage> {
  let found = start
  for (let depth = 0; found.document.kind === 'index'; depth++) {
    if (depth === DEEPEST_INDEX) {
      throw new RegistryError(
        'unsupported',
        `${subject}: more than ${DEEPEST_INDEX} indexes inside each other; push the image without`,
      )
    }
    found = await reader.manifest(chooseManifest(found.document.index, platform, subject))
  }
  const { manifest } = found.document
  checkIsImage(manifest, subject)
  const config = await readConfig(manifest, subject, reader)
  checkPlatform(config, platform, subject)
  return {
    reference,
    digest: found.digest,
    ...(start.document.kind === 'index' && { indexDigest: start.digest }),
    manifest,
    config,
    configDescriptor: manifest.config,
    layers: manifest.layers,
    diffIds: config.rootfs.diff_ids,
  }
}

/**
 * The entry of an index for a platform. An index whose only image says nothing of its platform, as small tools write it,
 * gives that one: the config is compared afterwards.
 */
export function chooseManifest(index: ImageIndex, platform: Platform, subject: string): Descriptor {
  const images = index.manifests.filter(({ mediaType }) => isReadable(mediaType))
  const fitting = selectPlatform(images, platform)
  if (fitting !== undefined) return fitting
  const [only] = images
  if (images.length === 1 && only !== undefined && only.platform === undefined) return only
  const offered = [...new Set(images.flatMap((image) => (image.platform ? [formatPlatform(image.platform)] : [])))]
  const list = offered.slice(0, LISTED_PLATFORMS).map((text) => quote(text, 40))
  throw new RegistryError(
    'platform-not-found',
    `${subject}: no image for ${quote(formatPlatform(platform))} in the index; ${list.length === 0 ? 'its images name no platform' : `there are ${list.join(', ')}`}`,
    { expected: formatPlatform(platform) },
  )
}

/** Charts, signatures and other artifacts use the same manifests; what they are shows in the types of their parts. */
function checkIsImage(manifest: ImageManifest, subject: string): void {
  const { config, layers, artifactType } = manifest
  if (!isImageConfig(config.mediaType)) {
    throw new RegistryError(
      'unsupported',
      `${subject}: is an artifact of type ${quote(artifactType ?? config.mediaType)}, not a container image; name an image`,
    )
  }
  const strange = layers.findIndex(({ mediaType }) => layerType(mediaType) === undefined)
  const layer = layers[strange]
  if (layer === undefined) return
  throw new RegistryError(
    'unsupported',
    `${subject} layer ${strange + 1}: media type ${quote(layer.mediaType)} is not a file system layer; push the image with tar, gzip or zstd layers`,
  )
}

async function readConfig(manifest: ImageManifest, subject: string, reader: DocumentReader): Promise<ImageConfig> {
  const descriptor = manifest.config
  const name = `${subject} config`
  const tooLarge = (): RegistryError =>
    new RegistryError(
      'bad-manifest',
      `${name}: has more than ${CONFIG_LIMIT} bytes; build the image with less metadata`,
    )
  if (descriptor.size > CONFIG_LIMIT) throw tooLarge()
  const bytes = await readBounded(reader.blob(descriptor), CONFIG_LIMIT, tooLarge)
  return parseImageConfig(bytes, manifest.layers.length, name)
}

/** Variants are left out: many configs for arm do not name theirs. */
function checkPlatform(config: ImageConfig, wanted: Platform, subject: string): void {
  if (config.os === wanted.os && config.architecture === wanted.architecture) return
  const actual = formatPlatform(config)
  throw new RegistryError(
    'platform-not-found',
    `${subject}: the image is for ${quote(actual, 60)}, asked for ${quote(formatPlatform(wanted))}; ask for its platform, or for an image that has yours`,
    { expected: formatPlatform(wanted), actual },
  )
}

function isReadable(mediaType: string): boolean {
  const kind = manifestKind(mediaType)
  return kind === 'manifest' || kind === 'index'
}
