import { isLoopbackHost } from './addresses.ts'
import { type Attachment, attachArtifact, findAttachments } from './attachments.ts'
import type { AccessScope } from './authenticator.ts'
import { openBlob } from './blob-request.ts'
import { openConfigBlob } from './config-blob.ts'
import type { CredentialsLookup } from './credentials.ts'
import { type DatingOptions, putDatedImage } from './dated-image.ts'
import type { Descriptor } from './descriptor.ts'
import type { CallOptions, ImageReader, ResolvedImage } from './image-reader.ts'
import type { ImageManifest } from './manifest.ts'
import { fetchDigest, fetchManifest, headManifest, type ManifestRequest } from './manifest-request.ts'
import { DEFAULT_PLATFORM, parsePlatform } from './platform.ts'
import { checkTag, formatReference, parseReference, type Reference } from './reference.ts'
import { locate, RegistryError } from './registry-error.ts'
import { type FoundManifest, resolveImage } from './resolve-image.ts'
import { resumeBlob } from './resumed-blob.ts'
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from './retry.ts'
import { createSession, type Session } from './session.ts'
import { tagManifest } from './tag-manifest.ts'
import { createTransport, type Transport } from './transport.ts'
import { checkedDigest, verifyBlob } from './verified-blob.ts'

/** Settings of a {@link RegistryClient}; all are optional. */
export type RegistryClientOptions = {
  /** Asked when a registry wants to know who we are; anonymous when not given */
  readonly credentials?: CredentialsLookup
  /** Whether a registry (host and port as in references) is spoken to in plain HTTP; loopback hosts when not given */
  readonly insecure?: (registry: string) => boolean
  /** Follows redirects of public registries to private and loopback addresses; off when not given */
  readonly allowPrivateRedirects?: boolean
  readonly userAgent?: string
  /** Called with every HTTP request: those for tokens, those after redirects and those made again too */
  readonly onRequest?: () => void
  /** Attempts after the first for network errors, 429 and 5xx; 4 when not given */
  readonly retries?: number
  /** Milliseconds before the second attempt, doubling after that; 1000 when not given */
  readonly retryDelay?: number
}

/**
 * Reads images from OCI and Docker registries, and tags them. Every byte is checked against its digest. One client serves
 * any number of registries and may be used for many calls at the same time; it holds connections and tokens until `close`.
 *
 * Source: distribution-spec 1.1; for authentication distribution's docs/spec/auth.
 */
export class RegistryClient implements ImageReader {
  readonly #transport: Transport
  readonly #session: Session
  readonly #policy: RetryPolicy
  readonly #insecure: (registry: string) => boolean
  readonly #homes = new Map<string, URL>()

  constructor(options: RegistryClientOptions = {}) {
    this.#policy = {
      ...DEFAULT_RETRY_POLICY,
      ...(options.retries !== undefined && { retries: options.retries }),
      ...(options.retryDelay !== undefined && { delay: options.retryDelay }),
    }
    this.#insecure = options.insecure ?? isLoopbackHost
    this.#transport = createTransport(options)
    this.#session = createSession(this.#transport, options.credentials ?? (async () => undefined), this.#policy)
  }

  /**
   * {@inheritDoc ImageReader.resolve}
   *
   * @param options `found`: what {@link RegistryClient.manifest} gave for the reference, which is then not asked for again
   */
  async resolve(
    reference: Reference,
    platform: string = DEFAULT_PLATFORM,
    options: CallOptions & { readonly found?: FoundManifest } = {},
  ): Promise<ResolvedImage> {
    const asked = checked(reference)
    const wanted = parsePlatform(platform)
    const subject = formatReference(asked)
    const request = this.#manifestRequest(asked, options)
    try {
      const start = options.found ?? (await fetchManifest(request))
      return await resolveImage(reference, subject, start, wanted, {
        manifest: (descriptor) => {
          const { digest } = descriptor
          return fetchManifest(this.#manifestRequest({ ...asked, digest }, options), descriptor)
        },
        blob: (descriptor) => openConfigBlob(request, descriptor),
      })
    } catch (error) {
      throw locate(error, { registry: asked.registry, reference: subject })
    }
  }

  /**
   * The manifest or index that a reference leads to, for those whom its annotations and the sizes of its layers are enough: one request.
   * {@link RegistryClient.resolve} goes on from it to the image for a platform.
   */
  async manifest(reference: Reference, options: CallOptions = {}): Promise<FoundManifest> {
    const asked = checked(reference)
    try {
      return await fetchManifest(this.#manifestRequest(asked, options))
    } catch (error) {
      throw locate(error, { registry: asked.registry, reference: formatReference(asked) })
    }
  }

  /** {@inheritDoc ImageReader.head} */
  async head(reference: Reference, options: CallOptions = {}): Promise<Descriptor | undefined> {
    const asked = checked(reference)
    try {
      return await headManifest(this.#manifestRequest(asked, options))
    } catch (error) {
      throw locate(error, { registry: asked.registry, reference: formatReference(asked) })
    }
  }

  /**
   * The digest that a reference has, for many references one after the other: by GET, as undici and many servers close a
   * connection after a HEAD. Docker Hub counts a GET as a pull, so there it is a HEAD.
   *
   * @returns `undefined` only when there is no such thing
   */
  async digest(reference: Reference, options: CallOptions = {}): Promise<string | undefined> {
    const asked = checked(reference)
    if (asked.registry === 'docker.io') return (await this.head(reference, options))?.digest
    try {
      return await fetchDigest(this.#manifestRequest(asked, options))
    } catch (error) {
      if (error instanceof RegistryError && error.code === 'not-found') return undefined
      throw locate(error, { registry: asked.registry, reference: formatReference(asked) })
    }
  }

  /**
   * {@inheritDoc ImageReader.blob}
   *
   * A connection that is cut is taken up again where it broke, with a range request, as often as `retries` allows; every
   * new mebibyte starts the count again. An error `network` has the bytes received in `offset`.
   */
  async *blob(
    reference: Reference,
    descriptor: Descriptor,
    options: CallOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const asked = checked(reference)
    const subject = `${asked.registry}/${asked.repository} blob ${descriptor.digest}`
    try {
      checkedDigest(descriptor, subject)
      const { open, broken } = openBlob(this.#session, this.#scope(asked, 'pull'), descriptor, subject, options.signal)
      const whole = resumeBlob(open, descriptor.size, this.#policy, broken, options.signal)
      yield* verifyBlob(whole, descriptor, subject)
    } catch (error) {
      throw locate(error, { registry: asked.registry, reference: formatReference(asked) })
    }
  }

  /**
   * Gives an image that is in the registry another tag: the same manifest bytes, checked against `digest`, are put under
   * it, and read back. No blob is copied.
   *
   * @param reference says registry and repository
   * @param digest of the manifest or index to tag
   * @returns what the new tag points to
   */
  async tag(reference: Reference, digest: string, newTag: string, options: CallOptions = {}): Promise<Descriptor> {
    const { registry, repository } = checked(reference)
    checkTag(newTag)
    const source = checked({ registry, repository, digest })
    const target: Reference = { registry, repository, tag: newTag }
    try {
      return await tagManifest(
        this.#manifestRequest(source, options),
        this.#manifestRequest(target, options, this.#scope(target, 'pull,push')),
      )
    } catch (error) {
      throw locate(error, { registry, reference: formatReference(target) })
    }
  }

  /**
   * Attaches an artifact to an image: its blobs, then a manifest that names the image as its `subject`, by digest. A registry without
   * the referrers API gets the index that stands for it, under the tag `sha256-…`.
   *
   * @param reference registry, repository and digest of the image
   * @returns the artifact's manifest
   */
  async attach(reference: Reference, attachment: Attachment, options: CallOptions = {}): Promise<Descriptor> {
    const asked = checked(reference)
    const scope = this.#scope(asked, 'pull,push')
    try {
      return await attachArtifact(this.#manifestRequest(asked, options, scope), attachment)
    } catch (error) {
      throw locate(error, { registry: asked.registry, reference: formatReference(asked) })
    }
  }

  /**
   * The artifacts of one type that are attached to an image, by the referrers API or the tag that stands for it.
   *
   * @param reference registry, repository and digest of the image
   */
  async attachments(
    reference: Reference,
    artifactType: string,
    options: CallOptions = {},
  ): Promise<readonly ImageManifest[]> {
    const asked = checked(reference)
    try {
      return await findAttachments(this.#manifestRequest(asked, options), artifactType)
    } catch (error) {
      throw locate(error, { registry: asked.registry, reference: formatReference(asked) })
    }
  }

  /**
   * Puts an image beside itself with other times in its config, so that building the same again at another hour is the same image, and with
   * annotations in its manifest, which is then OCI's. It is there by its digest alone; {@link RegistryClient.tag} gives it a name.
   *
   * @param created milliseconds since the epoch
   */
  async date(reference: Reference, created: number, options: CallOptions & DatingOptions = {}): Promise<Descriptor> {
    const asked = checked(reference)
    try {
      const request = this.#manifestRequest(asked, options, this.#scope(asked, 'pull,push'))
      return await putDatedImage(request, created, options)
    } catch (error) {
      throw locate(error, { registry: asked.registry, reference: formatReference(asked) })
    }
  }

  /** {@inheritDoc ImageReader.close} */
  async close(): Promise<void> {
    await this.#transport.close()
  }

  #manifestRequest(
    reference: Reference,
    options: CallOptions,
    scope = this.#scope(reference, 'pull'),
  ): ManifestRequest {
    return {
      session: this.#session,
      scope,
      name: reference.digest ?? reference.tag ?? 'latest',
      subject: formatReference(reference),
      signal: options.signal,
    }
  }

  #scope({ registry, repository }: Reference, actions: AccessScope['actions']): AccessScope {
    const home = this.#homes.get(registry) ?? homeOf(registry, this.#insecure(registry))
    this.#homes.set(registry, home)
    return { registry, home, repository, actions }
  }
}

function homeOf(registry: string, isInsecure: boolean): URL {
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry
  return new URL(`${isInsecure ? 'http' : 'https'}://${host}`)
}

/** References are plain data that anybody can put together, and they become paths of URLs. */
function checked(reference: Reference): Reference {
  return parseReference(formatReference(reference), { tag: 'latest' })
}
