import type { ImageNames } from '../image-names.ts'
import type { PlanAction, PlanReason } from './plan.ts'

/** What the registry and the hub have of one build of an image. */
export type PublishedState = {
  /** Manifest digest of the image with this build id; undefined when there is none. */
  readonly imageDigest: string | undefined
  /** A flist of it was converted here, and not published. */
  readonly converted?: boolean
  /** What the hub has; absent when nothing is to be published. */
  readonly hub?: HubNames
}

/** What a hub has of one build of an image, and of its link. */
export type HubNames = {
  /** The flist of this build: itself under the immutable name, or the one of equal content that the name leads to. */
  readonly flist: string | undefined
  /** Name the users' link leads to; undefined when there is no link. */
  readonly linkTarget: string | undefined
  /** True when this build was rolled back. */
  readonly withdrawn?: boolean
}

/** What one image needs, and why. Of a build the reasons are found elsewhere: what exists does not tell what changed. */
export type Decision =
  | { readonly action: 'build' }
  | { readonly action: Exclude<PlanAction, 'build' | 'blocked'>; readonly reasons: readonly PlanReason[] }

/** Decides what one image needs, from what exists. */
export function decide(
  { imageDigest, converted = false, hub }: PublishedState,
  names: Pick<ImageNames, 'reference' | 'flist' | 'link'>,
): Decision {
  if (imageDigest === undefined) return { action: 'build' }
  if (!hub) return { action: 'nothing', reasons: [{ kind: 'current', text: `up to date: ${names.reference}` }] }
  const { flist, linkTarget, withdrawn = false } = hub
  if (withdrawn && linkTarget !== undefined) {
    const text = `held: ${names.flist} was rolled back, ${names.link} leads to ${linkTarget}; to publish it again: flist promote ${names.flist} ${names.link}`
    return { action: 'nothing', reasons: [{ kind: 'withdrawn', text }] }
  }
  if (flist === undefined) return { action: converted ? 'publish' : 'convert', reasons: [missingFlist(hub, names)] }
  if (linkTarget === names.flist || linkTarget === flist) {
    const known = flist === names.flist ? flist : `${names.flist}, which is equal to ${flist}`
    return { action: 'nothing', reasons: [{ kind: 'current', text: `up to date: ${known}` }] }
  }
  const text =
    linkTarget === undefined
      ? `${names.flist} is published, and there is no ${names.link}`
      : `link drifted: ${names.link} leads to ${linkTarget}, and not to ${flist}`
  return { action: 'relink', reasons: [{ kind: linkTarget === undefined ? 'link-missing' : 'link-drifted', text }] }
}

function missingFlist({ linkTarget }: HubNames, { reference, flist, link }: Parameters<typeof decide>[1]): PlanReason {
  if (linkTarget === undefined) return { kind: 'never-published', text: `never published: there is no ${flist}` }
  const text = `${reference} has no flist: there is no ${flist}, ${link} leads to ${linkTarget}`
  return { kind: 'flist-missing', text }
}
