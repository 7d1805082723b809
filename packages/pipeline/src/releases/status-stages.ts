import type { ImageNames } from '../image-names.ts'

/** What the hub has of a build. */
export type FlistFacts = {
  /** The flist of the build, or the one of equal content that its name leads to. */
  readonly flist?: string
  /** Digest of the image that flist was made from, where it says so. */
  readonly madeFrom?: string
  /** The text of the link; `a flist` when it is no link; undefined when it is not there. */
  readonly link: string | undefined
  /** The flist the link leads to in the end. */
  readonly leadsTo?: string
  /** Whether the build was rolled back. */
  readonly withdrawn: boolean
}

/** Everything the status of an image is told from. */
export type StatusFacts = {
  readonly names: Pick<ImageNames, 'reference' | 'latest' | 'flist' | 'link'>
  /** Paths of the committed context that differ from the recipe. */
  readonly drift: readonly string[]
  /** Why the build id is not known. */
  readonly baseProblem?: string
  /** Digests that the registry has for the build and for `latest`. */
  readonly image?: { readonly digest?: string; readonly latest?: string }
  readonly flist?: FlistFacts
}

/** One stage on the way from the recipe to the users. `held`: it stays behind because somebody rolled it back. */
export type Stage = {
  readonly stage: 'dockerfile' | 'image' | 'flist' | 'link'
  readonly state: 'current' | 'behind' | 'missing' | 'unknown' | 'held'
  readonly text: string
}

/** Says for each stage whether it is what the recipe says now, and why not. Pure. */
export function describeStages(facts: StatusFacts): Stage[] {
  const hub = facts.flist ? [flistStage(facts, facts.flist), linkStage(facts, facts.flist)] : []
  return [dockerfileStage(facts), imageStage(facts), ...hub]
}

function dockerfileStage({ drift }: StatusFacts): Stage {
  if (drift.length === 0) return { stage: 'dockerfile', state: 'current', text: 'as the recipe renders it' }
  const [first = '', ...more] = drift
  const others = more.length === 0 ? '' : ` and ${more.length} other files`
  return {
    stage: 'dockerfile',
    state: 'behind',
    text: `${first}${others}: not as the recipe renders it; run: flist render`,
  }
}

function imageStage({ names, image, baseProblem }: StatusFacts): Stage {
  const stage = 'image'
  if (baseProblem !== undefined) return { stage, state: 'unknown', text: baseProblem }
  if (image?.digest === undefined) {
    if (image?.latest === undefined)
      return { stage, state: 'missing', text: `never built: there is no ${names.reference}` }
    const text = `recipe or base changed since ${names.latest} was built: there is no ${names.reference}`
    return { stage, state: 'behind', text }
  }
  if (image.latest === image.digest) return { stage, state: 'current', text: `${names.reference}, which is latest` }
  return { stage, state: 'behind', text: `${names.latest} is ${image.latest ?? 'not there'}, and not ${image.digest}` }
}

function flistStage({ names, image, baseProblem }: StatusFacts, { flist, madeFrom }: FlistFacts): Stage {
  const stage = 'flist'
  if (baseProblem !== undefined) return { stage, state: 'unknown', text: 'the build it should be of is not known' }
  if (flist === undefined) {
    const text =
      image?.digest === undefined
        ? `there is no ${names.flist}: the image is not built`
        : `the image has no equivalent flist: there is no ${names.flist}`
    return { stage, state: 'missing', text }
  }
  if (flist !== names.flist) return { stage, state: 'current', text: `${names.flist} is equal to ${flist}` }
  if (madeFrom !== undefined && image?.digest !== undefined && madeFrom !== image.digest) {
    return { stage, state: 'behind', text: `${flist} was made from ${madeFrom}, the image is ${image.digest}` }
  }
  return { stage, state: 'current', text: flist }
}

function linkStage({ names, baseProblem }: StatusFacts, hub: FlistFacts): Stage {
  const stage = 'link'
  if (hub.link === undefined) return { stage, state: 'missing', text: `there is no ${names.link}: users get nothing` }
  if (hub.leadsTo === undefined) {
    return { stage, state: 'behind', text: `${names.link} is ${hub.link} and leads to no flist of this account` }
  }
  if (baseProblem !== undefined) return { stage, state: 'unknown', text: `${names.link} leads to ${hub.leadsTo}` }
  if (hub.leadsTo === hub.flist) return { stage, state: 'current', text: `${names.link} leads to ${hub.leadsTo}` }
  if (hub.withdrawn) {
    return {
      stage,
      state: 'held',
      text: `${names.link} leads to ${hub.leadsTo}, because ${names.flist} was rolled back`,
    }
  }
  return { stage, state: 'behind', text: `${names.link} leads to ${hub.leadsTo}, and not to ${names.flist}` }
}
