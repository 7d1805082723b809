import type { ImageManifest } from './manifest.ts'
import { isImageConfig, MEDIA_TYPES, ociLayerType } from './media-types.ts'

/**
 * The OCI manifest that says the same as one of Docker's schema 2: the blobs stay, their types are called otherwise. Source: image-spec,
 * manifest.md, "Image Manifest Property Descriptions"; media-types.md, "Compatibility Matrix".
 *
 * @returns `undefined` for a manifest that is not Docker's, and where a part is of a type that OCI has no other for
 */
export function convertDockerManifest(manifest: ImageManifest): ImageManifest | undefined {
  const isDocker = manifest.mediaType === MEDIA_TYPES.dockerManifest && isImageConfig(manifest.config.mediaType)
  if (!isDocker) return undefined
  const layers = manifest.layers.flatMap((layer) => {
    const mediaType = ociLayerType(layer.mediaType)
    return mediaType === undefined ? [] : [{ ...layer, mediaType }]
  })
  if (layers.length < manifest.layers.length) return undefined
  const config = { ...manifest.config, mediaType: MEDIA_TYPES.ociConfig }
  return { ...manifest, mediaType: MEDIA_TYPES.ociManifest, config, layers }
}

/** Annotations of a manifest with others, which win; sorted, so that its bytes do not depend on who names which first. None for none. */
export function mergeAnnotations(
  own: ImageManifest['annotations'],
  others: ImageManifest['annotations'],
): ImageManifest['annotations'] {
  const entries = Object.entries({ ...own, ...others })
  if (entries.length === 0) return undefined
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
