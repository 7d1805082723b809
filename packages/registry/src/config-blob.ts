import type { Descriptor } from './descriptor.ts'
import { CONFIG_LIMIT } from './image-config.ts'
import type { ManifestRequest } from './manifest-request.ts'
import { checkedDigest, verifyBlob } from './verified-blob.ts'

/**
 * The config of an image: a blob that is read at once, where those of layers are streams; checked as any blob.
 *
 * @param request for the manifest that has the descriptor
 * @throws RegistryError
 */
export async function* openConfigBlob(
  { session, scope, signal }: ManifestRequest,
  descriptor: Descriptor,
): AsyncGenerator<Uint8Array, void, undefined> {
  const subject = `${scope.registry}/${scope.repository} blob ${descriptor.digest}`
  checkedDigest(descriptor, subject)
  const path = `blobs/${descriptor.digest}`
  const { bytes } = await session.read({ scope, method: 'GET', path, subject, signal }, CONFIG_LIMIT)
  yield* verifyBlob([bytes], descriptor, subject)
}
