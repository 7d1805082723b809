import { createReadStream } from 'node:fs'
import { chmod, mkdir, open, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImageReader, ResolvedImage } from '@tf-images/registry'
import { type ImageFormat, imageFormat, openDockerArchive, openImageLayout } from '@tf-images/registry/archives'
import { formatReference, parseReference } from '@tf-images/registry/reference'
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
  /** Bytes the disk of a qcow2 image may have. Default: 1 TiB. */
  readonly largestDisk?: number
  readonly signal?: AbortSignal
}

/**
 * Opens what a user names: a path of this machine (an OCI image layout as directory or tar, a `docker save` archive, a tar
 * of a root file system, plain or compressed, a directory, or a qcow2 disk image) or else an image reference. A path that exists wins
 * over a reference. A disk image becomes a directory with an `image.raw`, in a temporary folder that `close` removes.
 *
 * @throws PipelineError 'bad-source', RegistryError, VmError 'disk-image'
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
  if (kind === 'qcow2') return openDiskImage(name, options)
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
  const { RegistryClient } = await import('@tf-images/registry')
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

async function kindOfPath(path: string): Promise<ImageFormat | 'directory' | 'root-tar' | 'qcow2' | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return undefined
  if (!found.isDirectory() && !found.isFile()) {
    throw new PipelineError('bad-source', `"${path}": neither a file nor a directory; name a tar or a directory`)
  }
  if (found.isFile() && (await isQcow2(path))) return 'qcow2'
  return (await imageFormat(path)) ?? (found.isDirectory() ? 'directory' : 'root-tar')
}

async function isQcow2(path: string): Promise<boolean> {
  await using file = await open(path, 'r')
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
  return bytesRead === 4 && buffer.toString('latin1') === 'QFI\xfb'
}

/** What makes machines is read here, and for nothing else that is converted. */
async function openDiskImage(name: string, { largestDisk = 1024 ** 4, signal }: SourceOptions): Promise<Source> {
  const { convertCloudImage, createBootFolder } = await import('@tf-images/vm')
  const folder = await createBootFolder(tmpdir())
  const close = () => rm(folder, { recursive: true, force: true })
  try {
    const root = join(folder, 'root')
    const image = join(root, 'image.raw')
    await mkdir(root)
    await convertCloudImage(name, image, { largest: largestDisk, ...(signal ? { signal } : {}) })
    const { mtime } = await stat(name)
    await Promise.all([chmod(root, 0o755), chmod(image, 0o644)])
    for (const path of [image, root]) await utimes(path, mtime, mtime)
    return { kind: 'directory', title: name, path: root, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Bytes of a tar file of this machine. */
export function readFileStream(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1 << 20 })
}
