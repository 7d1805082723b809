/**
 * What one image needs. `build` includes all that follows it here, `convert` publishing, `publish` the link; `relink` moves
 * the link alone. `blocked`: it can not be brought up, or not be told what it needs; the reasons say why.
 */
export type PlanAction = 'nothing' | 'build' | 'convert' | 'publish' | 'relink' | 'blocked'

/** Why, for machines. Kinds may be added; a reader takes one it does not know for what its text says. */
export type ReasonKind =
  /** Nothing to do. */
  | 'current'
  | 'withdrawn'
  /** Asked for. */
  | 'forced'
  /** What changed since it was built. */
  | 'never-built'
  | 'snippet'
  | 'base'
  | 'parent'
  | 'file'
  | 'argument'
  | 'platform'
  | 'converter'
  | 'builder'
  /** It was built, and what it was built from is not recorded, or the registry has lost it. */
  | 'unknown'
  | 'image-missing'
  /** What is missing on the hub. */
  | 'never-published'
  | 'flist-missing'
  | 'link-missing'
  | 'link-drifted'
  /** What blocks it. */
  | 'base-missing'
  | 'not-locked'
  | 'parent-blocked'
  | 'not-selected'
  | 'registry'

/** One reason, in words: `snippet sshd 1.2 → 1.3`. */
export type PlanReason = { readonly kind: ReasonKind; readonly text: string }

/** What is to be done for one image, and why. */
export type PlannedImage = {
  readonly name: string
  readonly action: PlanAction
  /** At least one. */
  readonly reasons: readonly PlanReason[]
  /** 64 hex digits. Absent where it depends on what is not there yet: a parent that is built first, a base that is made. */
  readonly buildId?: string
  /** What it is pushed as, `registry/prefix/nginx:1a2b3c4d5e6f`; absent without a build id. */
  readonly reference?: string
  /** `registry/prefix/nginx@sha256:…` of the image that is there with this build id. */
  readonly pinned?: string
  /** Immutable name of the flist, `nginx-1.27.3-1a2b3c4d5e6f.flist`; absent without a build id. */
  readonly flist?: string
  /** The name users follow, `nginx.flist`. */
  readonly link: string
  /** The image of the recipes it is built on. */
  readonly parent?: string
  /** The base of the recipes it is built on, through its parents where it has one: `debian:12`. */
  readonly base: string
  /** When it can be worked on: after all of the waves before. 0 where there is nothing to wait for, or to do. */
  readonly wave: number
  /** Expected seconds of work; 0 where there is none. Comparable, not exact. */
  readonly cost: number
}

/** Work for one machine: images to bring up in this order, with `flist up --only <images>`. */
export type PlanLeg = {
  /** `0-00`, `0-01`, `1-00`: wave and number; equal plans have equal legs. */
  readonly id: string
  /** Begins when all legs of the waves before have ended. */
  readonly wave: number
  readonly images: readonly string[]
  /** Sum of the costs of its images. */
  readonly cost: number
}

/** What `flist plan --json` prints. */
export type Plan = {
  readonly version: 1
  /** Registry and path in front of the images. */
  readonly registry: string
  /** `linux/amd64` */
  readonly platform: string
  /** The account that was looked at; absent where no hub was asked. */
  readonly hub?: { readonly url: string; readonly account: string }
  /** All that were looked at, in build order: parents first. */
  readonly images: readonly PlannedImage[]
  /** The work in at most 256 legs, by wave; empty when there is nothing to do. What is blocked is in none. */
  readonly legs: readonly PlanLeg[]
  /** HTTP requests that the plan took, with those for tokens and those that were made again. */
  readonly requests: number
  /** What holds for more than one image: a base that moved since it was locked, a registry that does not answer. */
  readonly notes: readonly string[]
}
