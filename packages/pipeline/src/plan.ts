import type { HubClient } from '@tf-images/hub'
import { parseReference, type RegistryClient } from '@tf-images/registry'
import type { ImageNames } from './image-names.ts'

/** What the registry and the hub answer about one build id. */
export type PublishedState = {
  /** Manifest digest of the image with this build id; undefined when there is none. */
  readonly imageDigest: string | undefined
  /** What the hub has; absent when nothing is to be published. */
  readonly hub?: {
    /** True when the immutable flist is there. */
    readonly flistPublished: boolean
    /** Name the users' link points to; undefined when there is no link. */
    readonly linkTarget: string | undefined
  }
}

export type Decision = {
  /** `build` includes converting and publishing, `convert` publishing. */
  readonly action: 'build' | 'convert' | 'nothing'
  /** In words, for people. */
  readonly reason: string
}

/** Decides what one image needs, from what exists. */
export function decide({ imageDigest, hub }: PublishedState, names: Pick<ImageNames, 'reference' | 'flist'>): Decision {
  if (imageDigest === undefined) {
    const reason = hub?.linkTarget ? `recipe, base or converter changed since ${hub.linkTarget}` : 'never built before'
    return { action: 'build', reason: `${reason}: there is no ${names.reference}` }
  }
  if (!hub) return { action: 'nothing', reason: `recipe and base are those of ${names.reference}` }
  if (!hub.flistPublished)
    return { action: 'convert', reason: `the image exists, its flist ${names.flist} was never published` }
  if (hub.linkTarget !== names.flist) {
    return { action: 'convert', reason: `the link points to ${hub.linkTarget ?? 'nothing'}, not to ${names.flist}` }
  }
  return {
    action: 'nothing',
    reason: `recipe, base and converter are those of ${names.flist}, which the link points to`,
  }
}

/** Asks the registry. One request. */
export async function readImageState(client: RegistryClient, names: ImageNames): Promise<PublishedState> {
  return { imageDigest: (await client.head(parseReference(names.reference)))?.digest }
}

/** Asks the registry and the hub at the same time. Three requests. */
export async function readPublishedState(
  client: RegistryClient,
  hub: HubClient,
  account: string,
  names: ImageNames,
): Promise<PublishedState> {
  const [image, flist, link] = await Promise.all([
    readImageState(client, names),
    hub.light(account, names.flist),
    hub.light(account, names.link),
  ])
  const linkTarget = link?.type === 'symlink' ? link.target : undefined
  return { ...image, hub: { flistPublished: flist !== undefined, linkTarget } }
}
