import type { RenderedBase } from '@tf-images/recipe'
import { formatReference, parseReference, type Reference, RegistryClient, RegistryError } from '@tf-images/registry'
import type { CredentialLookup } from './settings.ts'

/** A base of the recipes that is no image of theirs. */
export type ForeignBase = Extract<RenderedBase, { readonly kind: 'base' }>

/** A base image pinned for a build. */
export type PinnedBase = {
  /** `repository@sha256:…`: what FROM is given. */
  readonly reference: string
  readonly digest: string
  /** Where it came from, for people. */
  readonly origin: string
  /** Of a Dockerfile of somebody's own: every image that it takes from a registry, by how it names it. */
  readonly images?: ReadonlyMap<string, PinnedBase>
}

/** Where a base is looked for. */
export type BaseSearch = {
  readonly client: RegistryClient
  /** Registry that holds bootstrapped bases: the host part of where images are pushed. */
  readonly registryHost: string
  readonly credentials: CredentialLookup
  readonly platform: string
  /** Manifest digest that a lock pins the base to. */
  readonly locked?: string
  /** Called with every HTTP request to a public registry. */
  readonly onRequest?: () => void
}

/**
 * Looks for a base, and makes none: in its own registry, and where that can not be reached among those that were bootstrapped
 * and pushed to ours. Undefined when neither has it.
 *
 * @throws RegistryError when the public registry answers but refuses
 */
export async function findBase(base: ForeignBase, options: BaseSearch): Promise<PinnedBase | undefined> {
  const named = parseReference(base.reference)
  const reference = options.locked === undefined ? named : { ...named, digest: options.locked }
  const published = await resolvePublic(reference, options)
  if (published) return pinnedBase(reference, published, reference.registry)
  const local = { ...reference, registry: options.registryHost }
  const known = await options.client.head(local)
  return known && pinnedBase(local, known.digest, 'bootstrapped earlier')
}

/** A base under the digest that was found for it. */
export function pinnedBase(reference: Reference, digest: string, origin: string): PinnedBase {
  const { registry, repository } = reference
  return { reference: formatReference({ registry, repository, digest }), digest, origin }
}

/** The digest a public registry gives for a tag; undefined where no such registry can be reached from here. */
async function resolvePublic(reference: Reference, options: BaseSearch): Promise<string | undefined> {
  // Asked once: where there is no way out, patience gives the same answer later.
  const { credentials, onRequest } = options
  const client = new RegistryClient({ credentials, retries: 0, ...(onRequest ? { onRequest } : {}) })
  try {
    return (await client.resolve(reference, options.platform)).digest
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'network') return undefined
    throw error
  } finally {
    await client.close()
  }
}
