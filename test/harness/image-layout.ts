import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { content, descriptorOf, type ImageFixture, json } from '../../packages/registry/test/image-fixture.ts'
import { blobsOf, type LayoutContents, makeLayout, writeLayout } from '../../packages/registry/test/layout-fixture.ts'
import { type Fixtures, tarOf } from '../../packages/rootfs/test/layer-builder.ts'

/** How the layers of an image are shipped. */
export type Compression = 'gzip' | 'zstd' | 'none'

const compressors: Readonly<
  Record<Compression, { readonly type: string; readonly compress: (tar: Buffer) => Buffer }>
> = {
  gzip: { type: 'application/vnd.oci.image.layer.v1.tar+gzip', compress: (tar) => gzipSync(tar) },
  zstd: { type: 'application/vnd.oci.image.layer.v1.tar+zstd', compress: (tar) => zstdCompressSync(tar) },
  none: { type: 'application/vnd.oci.image.layer.v1.tar', compress: (tar) => tar },
}

export type ImageCode = {
  readonly compression?: Compression
  /** What the config says instead of the layers' own diffIDs. */
  readonly diffIds?: readonly string[]
}

/** An image for linux/amd64 from its layers as code, the lowest first. Equal layers give an equal digest. */
export async function imageOf(layers: readonly Fixtures[], options: ImageCode = {}): Promise<ImageFixture> {
  const { type, compress } = compressors[options.compression ?? 'gzip']
  const tars = await Promise.all(layers.map(tarOf))
  const diffIds = options.diffIds ?? tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`)
  const config = json(
    {
      os: 'linux',
      architecture: 'amd64',
      config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
    },
    'application/vnd.oci.image.config.v1+json',
  )
  const blobs = tars.map((tar) => content(compress(tar), type))
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = { schemaVersion: 2, mediaType, config: descriptorOf(config), layers: blobs.map(descriptorOf) }
  return { manifest: json(manifest, mediaType), config, layers: blobs }
}

/** Writes an OCI image layout with one image as a directory. */
export async function writeLayoutDirectory(folder: string, image: ImageFixture): Promise<void> {
  await writeLayout(folder, layoutFiles(image))
}

/** Writes an OCI image layout with one image as a tar. */
export async function writeLayoutTar(path: string, image: ImageFixture): Promise<void> {
  const files = [...layoutFiles(image)].map(([name, bytes]) => [name, { type: 'file', content: bytes }] as const)
  await writeFile(path, await tarOf(files))
}

function layoutFiles(image: ImageFixture): LayoutContents {
  return makeLayout([{ manifest: image.manifest }], blobsOf(image))
}
