import type { FlistListing } from '@tf-images/hub'
import { PipelineError } from '../errors.ts'
import { type HubSession, listNames } from '../publishing/hub-session.ts'
import { flistStem, isStagingName } from '../publishing/release-names.ts'
import { leadingTo, type Release, readReleases } from './release.ts'
import { removeWithdrawal, WITHDRAWN } from './withdrawal.ts'

/** What pruning does with one name, and why. */
export type PruneItem = { readonly name: string; readonly action: 'keep' | 'delete'; readonly why: string }

/** What leads to a flist from outside its image: a link, a tag or another repository. */
export type Protection = ReadonlyMap<string, string>

export type PruneOptions = {
  /** Images to prune, or their links; all when empty. */
  readonly images: readonly string[]
  /** How many of the newest releases of each image stay. */
  readonly keep: number
  /** Repositories whose links count, beside the account's own. */
  readonly repositories: readonly string[]
  readonly dryRun: boolean
}

/** Seconds, by the hub's clock: what is younger may be under way. */
const STAGING_AGE = 3600

/**
 * Deletes old releases: never one that a link or a tag of any of the repositories leads to, nor one of the newest. A release
 * goes together with the names that were recorded as equal to it. Everything is looked at again right before each deletion.
 *
 * @returns what was done with each name, or in a dry run would be
 */
export async function prune(session: HubSession, options: PruneOptions): Promise<readonly PruneItem[]> {
  const items = await planNow(session, options)
  if (options.dryRun) return items
  const done: PruneItem[] = items.filter(({ action }) => action === 'keep')
  for (const { name } of items.filter(({ action }) => action === 'delete')) {
    const now = (await planNow(session, options)).find((item) => item.name === name)
    if (!now) continue
    if (now.action === 'delete') await deleteRelease(session, name)
    done.push(now)
  }
  return done
}

async function deleteRelease(session: HubSession, name: string): Promise<void> {
  const equalBuilds = leadingTo(await listNames(session), name)
  for (const each of [...equalBuilds, name]) {
    if (!isStagingName(each)) await removeWithdrawal(session, each)
    await session.hub.delete(each, session.call)
  }
}

async function planNow(session: HubSession, options: PruneOptions): Promise<PruneItem[]> {
  const listing = await listNames(session)
  return planPruning(listing, await readProtection(session, listing, options.repositories), options)
}

/**
 * Decides about every release and every leftover of a listing. Pure.
 *
 * @throws PipelineError 'not-published' for images that have no release: most likely they are called otherwise
 */
export function planPruning(
  listing: readonly FlistListing[],
  protection: Protection,
  { images: names, keep }: Pick<PruneOptions, 'images' | 'keep'>,
): PruneItem[] {
  const images = names.map(flistStem)
  const found = readReleases(listing, images)
  const unknown = images.filter((image) => !found.has(image)).map((image) => `"${image}"`)
  if (unknown.length > 0) {
    const text = `${unknown.join(', ')}: no release of it in the account; see: flist prune, which lists those of all images`
    throw new PipelineError('not-published', text)
  }
  const items: PruneItem[] = []
  for (const [image, releases] of found) {
    if (images.length > 0 && !images.includes(image)) continue
    for (const [index, release] of releases.entries()) {
      const why = reasonToKeep(release, index, keep, protection)
      const other = `release ${index + 1} of ${releases.length} of ${image}; nothing leads to it`
      items.push({ name: release.name, action: why === undefined ? 'delete' : 'keep', why: why ?? other })
    }
  }
  return images.length > 0 ? items : [...items, ...planLeftovers(listing)]
}

function reasonToKeep(
  { name, links, equalBuilds }: Release,
  index: number,
  keep: number,
  protection: Protection,
): string | undefined {
  if (links.length > 0) return `${links.join(', ')} leads to it`
  const outside = [name, ...equalBuilds].flatMap((each) => protection.get(each) ?? [])
  if (outside.length > 0) return `${outside.join(', ')} leads to it`
  return index < keep ? `one of the newest ${keep}` : undefined
}

/** What interrupted runs left, unless it may be of a run that goes on: by the hub's clock, whatever ours says. */
function planLeftovers(listing: readonly FlistListing[]): PruneItem[] {
  const now = Math.max(...listing.map(({ updated }) => updated))
  return listing
    .filter(({ name }) => isStagingName(name))
    .map(({ name, updated }) =>
      now - updated > STAGING_AGE
        ? { name, action: 'delete', why: 'left by an interrupted run' }
        : { name, action: 'keep', why: 'may be of a run that goes on' },
    )
}

/** What the tags of the account, and the links and tags of other repositories, lead to in the account. */
async function readProtection(
  session: HubSession,
  own: readonly FlistListing[],
  repositories: readonly string[],
): Promise<Protection> {
  const protection = new Map<string, string>()
  const others = repositories.filter((user) => user !== session.account)
  const listings: (readonly [string, readonly FlistListing[]])[] = [[session.account, own]]
  for (const user of others) listings.push([user, await listNames(session, user)])
  for (const [user, listing] of listings) {
    // One's own crosslinks to oneself, too: their targets are written like those of others.
    protect(protection, session.account, user, listing)
    for (const { name } of listing.filter(({ type }) => type === 'tag')) {
      const tag = tagName(name)
      if (user === session.account && tag === WITHDRAWN) continue
      protect(protection, session.account, `${user}/tags/${tag}`, await session.hub.tags(user, tag, session.call))
    }
  }
  return protection
}

function protect(protection: Map<string, string>, account: string, place: string, rows: readonly FlistListing[]): void {
  for (const { name, target } of rows) {
    const [user, flist] = target?.split('/') ?? []
    if (user === account && flist !== undefined) protection.set(flist, `${place}/${name}`)
  }
}

/** Listings spell a tag as its folder. */
function tagName(name: string): string {
  return name.startsWith('.tag-') ? name.slice('.tag-'.length) : name
}
