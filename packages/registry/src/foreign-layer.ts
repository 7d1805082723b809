import type { Descriptor } from './descriptor.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'

/**
 * The error for a foreign (non-distributable) layer that is not where the image is: registries and archives need not have
 * those. Its publisher is named and not asked, as the address comes with the image.
 *
 * @param holder what should have it: `the registry`
 * @param error why the layer could not be had; given back as it is where no address is known
 */
export function foreignLayerError(holder: string, descriptor: Descriptor, subject: string, error: unknown): unknown {
  const [url] = descriptor.urls ?? []
  if (!(error instanceof RegistryError) || error.code !== 'not-found' || url === undefined) return error
  return new RegistryError(
    'not-found',
    `${subject}: ${holder} does not have this foreign layer; its publisher keeps it at ${quote(url)}, push the image again with the layer in it`,
    { status: error.status, cause: error },
  )
}
