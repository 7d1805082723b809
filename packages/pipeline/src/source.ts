import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import {
  formatReference,
  type ImageFormat,
  type ImageReader,
  imageFormat,
  openDockerArchive,
  openImageLayout,
  parseReference,
  RegistryClient,
  type ResolvedImage,
} from '@tf-images/registry'
import { PipelineError } from './errors.ts'
import type { CredentialLookup } from './settings.ts'

/** An image, resolved, and what reads its layers. */
export type ImageSource = {
  readonly kind: 'image'
  readonly title: string
  readonly image: ResolvedImage
  readonly reader: ImageReader
}

/** What `flist convert` can read; to be closed after use. */
export type Source = (
  | ImageSource
  | { readonly kind: 'directory'; readonly title: string; readonly path: string }
  | { readonly kind: 'root-tar'; readonly title: string; readonly path: string }
) & { readonly close: () => Promise<void> }

export type SourceOptions = {
  /** `linux/amd64`; chooses from an image index. */
  readonly platform?: string
  /** Chooses from an archive or layout of several images: `name:tag`, or any name and `@sha256:…`. */
  readonly image?: string
  readonly credentials?: CredentialLookup
  readonly signal?: AbortSignal
}

/**
 * Opens what a user names: a path of this machine (an OCI image layout as directory or tar, a `docker save` archive, a tar
 * of a root file system, plain or compressed, or a directory) or else an image reference. A path that exists wins over a reference.
 *
 * @throws PipelineError 'bad-source', RegistryError
 */
export async function openSource(name: string, options: SourceOptions = {}): Promise<Source> {
  const { platform, image, credentials, signal } = options
  const call = signal ? { signal } : {}
  const kind = await kindOfPath(name)
  if (image !== undefined && kind !== 'layout' && kind !== 'docker-archive') {
    throw new PipelineError(
      'bad-source',
      `"${name}": is no archive of images to choose "${image}" from; name a docker save archive or an OCI layout`,
    )
  }
  if (kind === 'directory' || kind === 'root-tar') return { kind, title: name, path: name, close: async () => {} }
  if (kind !== undefined) {
    const wanted = image === undefined ? undefined : parseReference(image, { tag: 'latest' })
    const reader = await (kind === 'layout' ? openImageLayout(name) : openDockerArchive(name))
    return openImage(name, reader, () => reader.resolve(wanted, platform, call))
  }
  if (/^[./]/.test(name)) {
    throw new PipelineError(
      'bad-source',
      `"${name}": no such file or directory; name an image, a directory, a tar or an OCI layout`,
    )
  }
  const reference = parseReference(name)
  const reader = new RegistryClient(credentials ? { credentials } : {})
  return openImage(formatReference(reference), reader, () => reader.resolve(reference, platform, call))
}

async function openImage(title: string, reader: ImageReader, resolve: () => Promise<ResolvedImage>): Promise<Source> {
  const close = () => reader.close()
  try {
    return { kind: 'image', title, image: await resolve(), reader, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function kindOfPath(path: string): Promise<ImageFormat | 'directory' | 'root-tar' | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return undefined
  if (!found.isDirectory() && !found.isFile()) {
    throw new PipelineError('bad-source', `"${path}": neither a file nor a directory; name a tar or a directory`)
  }
  return (await imageFormat(path)) ?? (found.isDirectory() ? 'directory' : 'root-tar')
}

/** Bytes of a tar file of this machine. */
export function readFileStream(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1 << 20 })
}
