import { readBounded } from './bounded-read.ts'
import type { Descriptor } from './descriptor.ts'
import { parseDigest } from './digest.ts'
import { foreignLayerError } from './foreign-layer.ts'
import type { BlobBytes, CallOptions, ImageReader, ResolvedImage } from './image-reader.ts'
import { chooseEntry, noSuchEntry } from './layout-entries.ts'
import { type LayoutFiles, type SpareMemory, withSpareMemory } from './layout-files.ts'
import { openLayoutFiles, repositoryOf } from './layout-path.ts'
import { type ImageIndex, MANIFEST_LIMIT, parseManifest } from './manifest.ts'
import { MEDIA_TYPES } from './media-types.ts'
import { DEFAULT_PLATFORM, parsePlatform } from './platform.ts'
import { quote } from './quoted-text.ts'
import type { Reference } from './reference.ts'
import { RegistryError } from './registry-error.ts'
import { type FoundManifest, resolveImage } from './resolve-image.ts'
import { parseJsonObject } from './untrusted-json.ts'
import { checkedDigest, verifyBlob } from './verified-blob.ts'

/**
 * An image layout on disk, read like a registry. It knows no registries and repositories: of a reference a digest counts,
 * else the tag, which is compared with the names in `index.json` (`org.opencontainers.image.ref.name`); a layout that
 * names nothing takes any tag. Without a reference, or without tag and digest, its only image is meant, by platform.
 */
export type ImageLayout = ImageReader & {
  /** As {@link ImageReader}; resolved without a reference, the image is called `localhost/<file name>`. */
  resolve(reference: Reference | undefined, platform?: string, options?: CallOptions): Promise<ResolvedImage>
  /** As {@link ImageReader}; where each platform has an entry of its own in `index.json`, that of `linux/amd64`. */
  head(reference: Reference | undefined, options?: CallOptions): Promise<Descriptor | undefined>
}

/**
 * Opens an OCI image layout: a directory, or an uncompressed tar of one, which is read in place. Blobs are checked against
 * digest and size as they are from a registry. `close` it after use.
 *
 * Source: image-spec, image-layout.md.
 *
 * @throws RegistryError `bad-layout` when there is none at `path`, `unsupported`, `bad-manifest`
 */
export async function openImageLayout(path: string): Promise<ImageLayout> {
  const files = await openLayoutFiles(path)
  try {
    return layoutOf(files, path, await readIndex(files, path))
  } catch (error) {
    await files.close()
    throw error
  }
}

function layoutOf(files: LayoutFiles, path: string, index: ImageIndex): ImageLayout {
  const blob = (descriptor: Descriptor, { signal }: CallOptions): BlobBytes =>
    withSpareMemory((spare) => readBlob(descriptor, spare, signal))

  async function* readBlob(descriptor: Descriptor, spare: SpareMemory, signal?: AbortSignal) {
    const subject = `${quote(path)} blob ${descriptor.digest}`
    const { algorithm, hex } = checkedDigest(descriptor, subject)
    const file = await files.open(`blobs/${algorithm}/${hex}`)
    if (file === undefined) {
      const text = `${subject}: is not in the layout; write the layout again with all its blobs`
      throw foreignLayerError('the layout', descriptor, subject, new RegistryError('not-found', text))
    }
    for await (const bytes of verifyBlob(file.read(spare), descriptor, subject)) {
      signal?.throwIfAborted()
      yield bytes
    }
  }

  const readManifest = async (descriptor: Descriptor, options: CallOptions): Promise<FoundManifest> => {
    const subject = `${quote(path)} manifest ${descriptor.digest}`
    const tooLarge = (): RegistryError =>
      new RegistryError('bad-manifest', `${subject}: has more than ${MANIFEST_LIMIT} bytes; make it smaller`)
    const bytes = await readBounded(blob(descriptor, options), MANIFEST_LIMIT, tooLarge)
    return { digest: descriptor.digest, document: parseManifest(bytes, descriptor.mediaType, subject) }
  }

  /** A digest that `index.json` does not list may be of a manifest further down. */
  const findDigest = async (digest: string, options: CallOptions): Promise<Descriptor | undefined> => {
    const parsed = parseDigest(digest)
    const file = parsed && (await files.open(`blobs/${parsed.algorithm}/${parsed.hex}`))
    if (file === undefined) return undefined
    const unnamed: Descriptor = { mediaType: 'application/json', digest, size: file.size }
    const { document } = await readManifest(unnamed, options)
    return { ...unnamed, mediaType: (document.kind === 'index' ? document.index : document.manifest).mediaType }
  }

  const find = async (
    reference: Reference | undefined,
    platform: string,
    options: CallOptions,
  ): Promise<Descriptor | undefined> =>
    chooseEntry(index, reference, parsePlatform(platform), path) ??
    (reference?.digest === undefined ? undefined : findDigest(reference.digest, options))

  return {
    async resolve(reference, platform = DEFAULT_PLATFORM, options = {}) {
      const start = await find(reference, platform, options)
      if (start === undefined) throw noSuchEntry(index, reference, path)
      const name = reference ?? { registry: 'localhost', repository: repositoryOf(path) }
      return resolveImage(name, quote(path), await readManifest(start, options), parsePlatform(platform), {
        manifest: (descriptor) => readManifest(descriptor, options),
        blob: (descriptor) => blob(descriptor, options),
      })
    },
    head: (reference, options = {}) => find(reference, DEFAULT_PLATFORM, options),
    blob: (_reference, descriptor, options = {}) => blob(descriptor, options),
    close: () => files.close(),
  }
}

async function readIndex(files: LayoutFiles, path: string): Promise<ImageIndex> {
  const marker = await readFile(files, path, 'oci-layout')
  const version = parseJsonObject(marker, `${quote(path)} oci-layout`).imageLayoutVersion
  if (version !== '1.0.0') {
    const found = typeof version === 'string' ? quote(version) : 'missing'
    throw new RegistryError(
      'unsupported',
      `${quote(path)} oci-layout: imageLayoutVersion is ${found}, known is "1.0.0"; write the layout with a tool for that version`,
    )
  }
  const subject = `${quote(path)} index.json`
  const parsed = parseManifest(await readFile(files, path, 'index.json'), MEDIA_TYPES.ociIndex, subject)
  if (parsed.kind === 'index') return parsed.index
  throw new RegistryError('bad-layout', `${subject}: is an image manifest, not an index; write the layout again`)
}

async function readFile(files: LayoutFiles, path: string, name: string): Promise<Buffer> {
  const file = await files.open(name)
  if (file === undefined) {
    const remedy = 'name a directory or tar that is an OCI image layout'
    throw new RegistryError('bad-layout', `${quote(path)}: has no ${name}; ${remedy}`)
  }
  const tooLarge = (): RegistryError =>
    new RegistryError('bad-layout', `${quote(path)} ${name}: has more than ${MANIFEST_LIMIT} bytes; make it smaller`)
  return readBounded(file.read(), MANIFEST_LIMIT, tooLarge)
}
