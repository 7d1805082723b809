import type { Descriptor } from './descriptor.ts'
import { describeManifest, fetchManifest, type ManifestRequest } from './manifest-request.ts'
import { RegistryError } from './registry-error.ts'
import { discard } from './transport.ts'

/**
 * Puts the bytes of a manifest under another name, and reads them back.
 *
 * @param source asks for it by its digest
 * @param target has the new tag as its name, and the right to push
 * @throws RegistryError `digest-mismatch` when the tag points to something else right after
 */
export async function tagManifest(source: ManifestRequest, target: ManifestRequest): Promise<Descriptor> {
  const { session, scope, name, subject, signal } = target
  const original = await fetchManifest(source)
  const descriptor = describeManifest(original)
  const answer = await session.open({
    scope,
    method: 'PUT',
    path: `manifests/${name}`,
    subject,
    headers: { 'content-type': descriptor.mediaType },
    body: original.bytes,
    signal,
  })
  await discard(answer.body)
  const copy = await fetchManifest({ ...target, scope: source.scope })
  if (!copy.bytes.equals(original.bytes)) throw wrongTag(subject, original.digest, copy.digest)
  return descriptor
}

function wrongTag(tagged: string, expected: string, actual: string): RegistryError {
  return new RegistryError(
    'digest-mismatch',
    `${tagged}: the tag points to ${actual}, it was just set to ${expected}; see who else sets this tag`,
    { expected, actual },
  )
}
