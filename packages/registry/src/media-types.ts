/** Media types of the OCI image specification 1.1 and of Docker's schema 2 that this package reads. */
export const MEDIA_TYPES = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
} as const

/** What a layer's media type says about it. */
export type LayerType = {
  readonly compression: 'none' | 'gzip' | 'zstd'
  /** `false` for layers registries may not store; their bytes live at the descriptor's `urls` */
  readonly distributable: boolean
}

/** The `Accept` header of a manifest request. */
export const ACCEPT_MANIFESTS = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.dockerManifest,
].join(', ')

const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/
const OCI_LAYER = /^application\/vnd\.oci\.image\.layer\.(nondistributable\.)?v1\.tar(?:\+(gzip|zstd))?$/
const DOCKER_LAYER = /^application\/vnd\.docker\.image\.rootfs\.(foreign\.)?diff\.tar(?:\.(gzip|zstd))?$/

/** Whether this is a single image: `manifest`, several: `index`, Docker's dead format: `schema1`, or none of them. */
export function manifestKind(mediaType: string): 'manifest' | 'index' | 'schema1' | undefined {
  if (mediaType === MEDIA_TYPES.ociManifest || mediaType === MEDIA_TYPES.dockerManifest) return 'manifest'
  if (mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerManifestList) return 'index'
  return SCHEMA_1.test(mediaType) ? 'schema1' : undefined
}

/** Whether a config blob of this type is an image config (and not that of a chart, a signature or another artifact). */
export function isImageConfig(mediaType: string): boolean {
  return mediaType === MEDIA_TYPES.ociConfig || mediaType === MEDIA_TYPES.dockerConfig
}

/**
 * Reads a layer's media type; `undefined` when it is not a file system layer. It is the publisher's claim: engines look at
 * the first bytes instead, and readers of layers should too.
 */
export function layerType(mediaType: string): LayerType | undefined {
  const match = OCI_LAYER.exec(mediaType) ?? DOCKER_LAYER.exec(mediaType)
  if (match === null) return undefined
  const compression = match[2] === 'gzip' || match[2] === 'zstd' ? match[2] : 'none'
  return { compression, distributable: match[1] === undefined }
}

/**
 * The OCI type of a layer, of Docker's type as of its own; `undefined` when it is not a file system layer. Source: image-spec,
 * media-types.md, "Compatibility Matrix"; what Docker calls foreign is nondistributable there.
 */
export function ociLayerType(mediaType: string): string | undefined {
  const type = layerType(mediaType)
  if (type === undefined) return undefined
  const suffix = type.compression === 'none' ? '' : `+${type.compression}`
  return `application/vnd.oci.image.layer.${type.distributable ? '' : 'nondistributable.'}v1.tar${suffix}`
}

/** A `Content-Type` header without its parameters, lower-cased as in RFC 9110, 8.3.1. */
export function bareMediaType(header: string | undefined): string | undefined {
  return header?.split(';', 1)[0]?.trim().toLowerCase() || undefined
}
