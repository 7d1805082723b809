import type { AccessScope } from './authenticator.ts'
import { digestOf } from './digest.ts'
import { RegistryError } from './registry-error.ts'
import type { Session } from './session.ts'
import { discard } from './transport.ts'

/** A blob to be put into a repository. */
export type BlobUpload = {
  readonly session: Session
  /** With the right to push */
  readonly scope: AccessScope
  readonly bytes: Uint8Array
  /** For messages */
  readonly subject: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Puts a blob into a repository, in one piece; one that is there is not sent again. Source: distribution-spec, "Pushing a blob
 * monolithically", POST then PUT.
 *
 * @returns its digest
 * @throws RegistryError
 */
export async function uploadBlob(upload: BlobUpload): Promise<string> {
  const { session, scope, bytes, subject, signal } = upload
  const digest = digestOf(bytes)
  if (await hasBlob(upload, digest)) return digest
  const begun = await session.open({ scope, method: 'POST', path: 'blobs/uploads/', subject, signal })
  await discard(begun.body)
  const location = uploadLocation(begun.headers.location, scope, subject)
  location.searchParams.set('digest', digest)
  const stored = await session.open({
    scope,
    method: 'PUT',
    path: 'blobs/uploads/',
    location,
    subject,
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
    signal,
  })
  await discard(stored.body)
  return digest
}

async function hasBlob({ session, scope, subject, signal }: BlobUpload, digest: string): Promise<boolean> {
  try {
    const answer = await session.open({ scope, method: 'HEAD', path: `blobs/${digest}`, subject, signal })
    await discard(answer.body)
    return true
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'not-found') return false
    throw error
  }
}

/** The bytes and our credentials go to the registry alone, whatever it says. */
function uploadLocation(header: string | undefined, { home, registry }: AccessScope, subject: string): URL {
  const location = header === undefined ? null : URL.parse(header, home.href)
  // Behind a proxy that ends TLS registries like to say "http".
  if (location?.host === home.host) location.protocol = home.protocol
  if (location?.origin === home.origin) return location
  const where = location === null ? 'nowhere' : `to ${location.origin}`
  throw new RegistryError(
    'redirect-refused',
    `${subject}: ${registry} sends uploads ${where}; ask the people who run the registry to repair it`,
  )
}
