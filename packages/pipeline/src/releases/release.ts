import type { FlistListing } from '@tf-images/hub'
import { isStagingName, parseReleaseName } from '../publishing/release-names.ts'

/** One published flist of an image. */
export type Release = {
  readonly name: string
  readonly version?: string
  readonly build: string
  /** When it was uploaded, by the hub's clock: seconds since epoch. */
  readonly updated: number
  /** As the hub rounds it for people. */
  readonly size: string
  /** Names of later builds that turned out equal to it. */
  readonly equalBuilds: readonly string[]
  /** Names of the account that lead to it. */
  readonly links: readonly string[]
}

/** The releases of all images in a listing, the newest first; what is no release is left out. */
export function readReleases(listing: readonly FlistListing[], images: readonly string[]): Map<string, Release[]> {
  const known = new Set([...images, ...listing.filter(isFollowed).map(({ name }) => name.slice(0, -'.flist'.length))])
  const releases = new Map<string, Release[]>()
  for (const { name, type, updated, size } of listing) {
    if (type !== 'regular' || isStagingName(name)) continue
    const parsed = parseOwner(name, known)
    if (!parsed) continue
    const { image, ...rest } = parsed
    const leading = leadingTo(listing, name)
    const links = leading.filter((link) => !parseOwner(link, known))
    const equalBuilds = leading.filter((link) => parseOwner(link, known))
    releases.set(image, [...(releases.get(image) ?? []), { name, ...rest, updated, size, equalBuilds, links }])
  }
  for (const list of releases.values()) list.sort(byAge)
  return releases
}

/** The newest first. Of the same second, what a link leads to is the later one. */
function byAge(a: Release, b: Release): number {
  return b.updated - a.updated || b.links.length - a.links.length || (a.name < b.name ? 1 : -1)
}

/** A link that people follow, and not the name of a build. */
function isFollowed({ name, type }: FlistListing): boolean {
  return type === 'symlink' && name.endsWith('.flist') && !isStagingName(name) && !/-[0-9a-f]{12}\.flist$/.test(name)
}

/**
 * The image whose release a name is. `debian-12-1a2b3c4d5e6f.flist` may be a release of `debian-12`, or version 12 of
 * `debian`: it is of the longest name there is.
 */
function parseOwner(name: string, images: ReadonlySet<string>) {
  const found = [...images].flatMap((image) => parseReleaseName(name, image) ?? [])
  return found.sort((a, b) => b.image.length - a.image.length)[0]
}

/** Names that lead to a flist of the same account, through other links too. */
export function leadingTo(listing: readonly FlistListing[], name: string): string[] {
  const names: string[] = []
  const targets = [name]
  for (let target = targets.shift(); target !== undefined; target = targets.shift()) {
    for (const row of listing) {
      if (row.type !== 'symlink' || row.target !== target || names.includes(row.name)) continue
      if (isStagingName(row.name)) continue
      names.push(row.name)
      targets.push(row.name)
    }
  }
  return names
}
