import type { AccessScope } from './authenticator.ts'
import type { Descriptor } from './descriptor.ts'
import { checkDigest, digestOf, parseDigest } from './digest.ts'
import { MANIFEST_LIMIT, type ManifestDocument, parseManifest, refuseSchema1 } from './manifest.ts'
import { ACCEPT_MANIFESTS, bareMediaType, manifestKind } from './media-types.ts'
import { RegistryError } from './registry-error.ts'
import type { Session } from './session.ts'
import { discard } from './transport.ts'

/** A manifest or index to ask a registry for. */
export type ManifestRequest = {
  readonly session: Session
  readonly scope: AccessScope
  /** Tag or digest */
  readonly name: string
  /** For messages */
  readonly subject: string
  readonly signal: AbortSignal | undefined
}

/** A manifest or index as the registry has it, checked. */
export type FetchedManifest = {
  readonly digest: string
  readonly bytes: Buffer
  readonly document: ManifestDocument
}

/**
 * Fetches and parses a manifest. Its digest is computed and compared with the digest asked for and with the header
 * `Docker-Content-Digest`.
 *
 * @param expected the descriptor that led here, whose size and type must be right too
 * @throws RegistryError
 */
export async function fetchManifest(request: ManifestRequest, expected?: Descriptor): Promise<FetchedManifest> {
  const { digest, bytes, contentType } = await fetchBytes(request, expected)
  const document = parseManifest(bytes, expected?.mediaType ?? contentType, request.subject)
  return { digest, bytes, document }
}

/**
 * The digest that a tag has, computed as for {@link fetchManifest}. What the manifest says is left to those who read it.
 *
 * @throws RegistryError
 */
export async function fetchDigest(request: ManifestRequest): Promise<string> {
  return (await fetchBytes(request)).digest
}

async function fetchBytes(
  request: ManifestRequest,
  expected?: Descriptor,
): Promise<Omit<FetchedManifest, 'document'> & { readonly contentType: string | undefined }> {
  const { session, scope, name, subject, signal } = request
  const { headers, bytes } = await session.read(
    { scope, method: 'GET', path: `manifests/${name}`, subject, headers: { accept: ACCEPT_MANIFESTS }, signal },
    MANIFEST_LIMIT,
  )
  const contentType = bareMediaType(headers['content-type'])
  if (contentType === 'text/html') throw webPage(request)
  // Before the digest: that of a signed schema 1 manifest is not the digest of its bytes.
  refuseSchema1(contentType, subject)
  const header = headers['docker-content-digest']
  const asked = parseDigest(name) === undefined ? undefined : name
  if (asked !== undefined) checkDigest(bytes, asked, subject, expected === undefined ? 'the reference' : 'the index')
  if (header !== undefined) checkDigest(bytes, header, subject, 'the header Docker-Content-Digest')
  if (expected !== undefined && expected.size !== bytes.length) {
    throw new RegistryError(
      'size-mismatch',
      `${subject}: has ${bytes.length} bytes, the index says ${expected.size}; push the image again`,
      { expected: expected.size, actual: bytes.length },
    )
  }
  return { digest: asked ?? header ?? digestOf(bytes), bytes, contentType }
}

/**
 * Asks what a tag or digest points to without fetching it, where the registry's headers say enough; else the manifest is
 * fetched and the answer computed, which also settles headers that contradict what was asked.
 *
 * @returns `undefined` when there is no such manifest
 */
export async function headManifest(request: ManifestRequest): Promise<Descriptor | undefined> {
  const { session, scope, name, subject, signal } = request
  try {
    const answer = await session.open({
      scope,
      method: 'HEAD',
      path: `manifests/${name}`,
      subject,
      headers: { accept: ACCEPT_MANIFESTS },
      signal,
    })
    await discard(answer.body)
    const mediaType = bareMediaType(answer.headers['content-type']) ?? ''
    const digest = answer.headers['docker-content-digest'] ?? ''
    const size = Number(answer.headers['content-length'] ?? 0)
    const agrees = parseDigest(digest) !== undefined && (parseDigest(name) === undefined || name === digest)
    if (agrees && size > 0 && manifestKind(mediaType) !== undefined) return { mediaType, digest, size }
    return describeManifest(await fetchManifest(request))
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'not-found') return undefined
    throw error
  }
}

/** The descriptor of a manifest that was read. */
export function describeManifest({ digest, bytes, document }: FetchedManifest): Descriptor {
  const { mediaType } = document.kind === 'index' ? document.index : document.manifest
  return { mediaType, digest, size: bytes.length }
}

/** Web servers like to answer everything, with 200 and a page. */
function webPage({ subject, scope }: ManifestRequest): RegistryError {
  return new RegistryError(
    'server',
    `${subject}: ${scope.home.origin} answered with a web page; check that ${scope.registry} is a registry`,
  )
}
