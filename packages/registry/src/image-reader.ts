import type { Descriptor } from './descriptor.ts'
import type { ImageConfig } from './image-config.ts'
import type { ImageManifest } from './manifest.ts'
import type { Reference } from './reference.ts'

/** Options of calls that may take long. */
export type CallOptions = { readonly signal?: AbortSignal }

/** One image for one platform, read and checked down to its layers, whose bytes are fetched with `blob`. */
export type ResolvedImage = {
  /** As asked for */
  readonly reference: Reference
  /** Digest of the manifest: with it the same image is found again */
  readonly digest: string
  /** Digest of the index the manifest was chosen from, which is what the tag points to; absent when it was no index */
  readonly indexDigest?: string
  readonly manifest: ImageManifest
  readonly config: ImageConfig
  /** Its digest is the image id */
  readonly configDescriptor: Descriptor
  /** Bottom layer first; `layerType` tells what a media type means */
  readonly layers: readonly Descriptor[]
  /** Digests of the layers' uncompressed tars, one per layer, in the same order */
  readonly diffIds: readonly string[]
}

/**
 * The bytes of a blob, piece by piece. Who gives back a piece that nobody reads any more lets another one come in its memory;
 * pieces that are not given back stay as they are.
 */
export type BlobBytes = AsyncIterable<Uint8Array> & { giveBack?(piece: Uint8Array): void }

/** What images are read with: a registry client, or an image layout on disk. */
export type ImageReader = {
  /**
   * Reads manifest and config of an image, each checked against its digest.
   *
   * @param platform `os/architecture` or `os/architecture/variant`; `linux/amd64` when not given. It chooses from an
   *   index, and a single image must be for it
   * @throws RegistryError
   */
  resolve(reference: Reference, platform?: string, options?: CallOptions): Promise<ResolvedImage>
  /** What the reference points to, an image or an index; `undefined` only when there is no such thing. */
  head(reference: Reference, options?: CallOptions): Promise<Descriptor | undefined>
  /**
   * The bytes of a blob. Size and digest are checked on the way: the stream throws at its end when they are wrong, so the
   * bytes count only after it has ended well. Leaving the loop early closes the connection.
   */
  blob(reference: Reference, descriptor: Descriptor, options?: CallOptions): BlobBytes
  /** Ends connections and files; streams still being read fail. */
  close(): Promise<void>
}
