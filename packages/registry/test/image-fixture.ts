import { digestOf } from '../src/digest.ts'
import { MEDIA_TYPES } from '../src/media-types.ts'

/** A document or blob with its descriptor. */
export type Content = {
  readonly bytes: Buffer
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/** A small image: everything a registry or a layout holds of it. */
export type ImageFixture = { readonly manifest: Content; readonly config: Content; readonly layers: readonly Content[] }

export function content(bytes: Buffer | string, mediaType: string): Content {
  const buffer = Buffer.from(bytes)
  return { bytes: buffer, mediaType, digest: digestOf(buffer), size: buffer.length }
}

export function json(value: unknown, mediaType: string): Content {
  return content(JSON.stringify(value), mediaType)
}

export function descriptorOf({ mediaType, digest, size }: Content): {
  mediaType: string
  digest: string
  size: number
} {
  return { mediaType, digest, size }
}

/** An image whose layers are these texts, for this platform; `manifest` and `config` overwrite single fields. */
export function makeImage(
  options: {
    layers?: readonly string[]
    architecture?: string
    docker?: boolean
    manifest?: object
    config?: object
  } = {},
): ImageFixture {
  const { layers: texts = ['first layer', 'second layer'], architecture = 'amd64', docker = false } = options
  const layerType = docker
    ? 'application/vnd.docker.image.rootfs.diff.tar.gzip'
    : 'application/vnd.oci.image.layer.v1.tar+gzip'
  const layers = texts.map((text) => content(text, layerType))
  const config = json(
    {
      os: 'linux',
      architecture,
      config: { Env: ['PATH=/bin'], Cmd: ['sh'], Entrypoint: null },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      ...options.config,
    },
    docker ? MEDIA_TYPES.dockerConfig : MEDIA_TYPES.ociConfig,
  )
  const mediaType = docker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest
  const manifest = json(
    {
      schemaVersion: 2,
      mediaType,
      config: descriptorOf(config),
      layers: layers.map(descriptorOf),
      ...options.manifest,
    },
    mediaType,
  )
  return { manifest, config, layers }
}

/** An index of images, one for each platform; `undefined` as a platform leaves the field out. `annotations` are its own. */
export function makeIndex(
  images: readonly (readonly [image: ImageFixture, platform: object | undefined])[],
  options: { docker?: boolean; annotations?: object } = {},
): Content {
  const mediaType = options.docker ? MEDIA_TYPES.dockerManifestList : MEDIA_TYPES.ociIndex
  const manifests = images.map(([image, platform]) => ({
    ...descriptorOf(image.manifest),
    ...(platform && { platform }),
  }))
  const { annotations } = options
  return json({ schemaVersion: 2, mediaType, manifests, ...(annotations && { annotations }) }, mediaType)
}
