import type { FlistInfo } from '@tf-images/hub'
import { parseReference, type RegistryClient } from '@tf-images/registry'
import type { ImageNames } from './image-names.ts'
import type { HubSession } from './publishing/hub-session.ts'
import { readWithdrawn } from './releases/withdrawal.ts'

/** What the registry and the hub answer about one build id. */
export type PublishedState = {
  /** Manifest digest of the image with this build id; undefined when there is none. */
  readonly imageDigest: string | undefined
  /** What the hub has; absent when nothing is to be published. */
  readonly hub?: {
    /** The flist of this build: itself under the immutable name, or the one of equal content that the name leads to. */
    readonly flist: string | undefined
    /** Name the users' link points to; undefined when there is no link. */
    readonly linkTarget: string | undefined
    /** True when this build was rolled back. */
    readonly withdrawn?: boolean
  }
}

export type Decision = {
  /** `build` includes converting and publishing, `convert` publishing. */
  readonly action: 'build' | 'convert' | 'nothing'
  /** In words, for people. */
  readonly reason: string
}

/** Decides what one image needs, from what exists. */
export function decide(
  { imageDigest, hub }: PublishedState,
  names: Pick<ImageNames, 'reference' | 'flist' | 'link'>,
): Decision {
  if (imageDigest === undefined) {
    const reason = hub?.linkTarget ? `recipe, base or converter changed since ${hub.linkTarget}` : 'never built before'
    return { action: 'build', reason: `${reason}: there is no ${names.reference}` }
  }
  if (!hub) return { action: 'nothing', reason: `recipe and base are those of ${names.reference}` }
  const { flist, linkTarget, withdrawn = false } = hub
  if (withdrawn && linkTarget !== undefined) {
    const reason = `${names.flist} was rolled back, the link points to ${linkTarget}; publish it again with: flist promote ${names.flist} ${names.link}`
    return { action: 'nothing', reason }
  }
  if (flist === undefined)
    return { action: 'convert', reason: `the image exists, its flist ${names.flist} was never published` }
  if (linkTarget !== names.flist && linkTarget !== flist) {
    return { action: 'convert', reason: `the link points to ${linkTarget ?? 'nothing'}, not to ${flist}` }
  }
  const known = flist === names.flist ? flist : `${names.flist}, which is equal to ${flist}`
  return { action: 'nothing', reason: `recipe, base and converter are those of ${known}, which the link points to` }
}

/** Asks the registry. One request. */
export async function readImageState(client: RegistryClient, names: ImageNames): Promise<PublishedState> {
  return { imageDigest: (await client.head(parseReference(names.reference)))?.digest }
}

/** Asks the registry and the hub at the same time. Four requests. */
export async function readPublishedState(
  client: RegistryClient,
  session: HubSession,
  names: ImageNames,
): Promise<PublishedState> {
  const { hub, account, call } = session
  const [image, flist, link, withdrawn] = await Promise.all([
    readImageState(client, names),
    hub.light(account, names.flist, call),
    hub.light(account, names.link, call),
    readWithdrawn(session),
  ])
  const linkTarget = link?.type === 'symlink' ? link.target : undefined
  return { ...image, hub: { flist: flistOf(flist), linkTarget, withdrawn: withdrawn.has(names.flist) } }
}

/** A name that leads nowhere has no flist; one that leads to another was recorded as equal to that. */
function flistOf(info: FlistInfo | undefined): string | undefined {
  if (!info || info.md5 === null) return undefined
  return info.type === 'symlink' ? info.target : info.name
}
