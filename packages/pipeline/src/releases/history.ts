import type { HubSession } from '../publishing/hub-session.ts'
import { listNames } from '../publishing/hub-session.ts'
import { flistStem } from '../publishing/release-names.ts'
import { type Release, readReleases } from './release.ts'

/** A release with what its flist says about itself. */
export type ReleaseDetails = Release & {
  /** Of the image it was made from, where it says so. */
  readonly digest?: string
  readonly treeHash?: string
}

/** How an image came to be what it is, from the hub's listing alone. */
export type History = {
  readonly image: string
  readonly account: string
  /** What the image's link leads to; undefined when there is none. */
  readonly current: string | undefined
  readonly releases: readonly ReleaseDetails[]
  /** Older ones that were left out. */
  readonly omitted: number
}

/** Asked for at the same time. */
const REQUESTS = 8

/** Reads the releases of an image, the newest first, at most `limit`. */
export async function readHistory(session: HubSession, name: string, limit: number): Promise<History> {
  const image = flistStem(name)
  const listing = await listNames(session)
  const all = readReleases(listing, [image]).get(image) ?? []
  const current = listing.find((row) => row.name === `${image}.flist` && row.type === 'symlink')?.target
  const releases: ReleaseDetails[] = []
  const shown = all.slice(0, limit)
  for (let at = 0; at < shown.length; at += REQUESTS) {
    releases.push(...(await Promise.all(shown.slice(at, at + REQUESTS).map((release) => describe(session, release)))))
  }
  return { image, account: session.account, current, releases, omitted: all.length - shown.length }
}

async function describe(session: HubSession, release: Release): Promise<ReleaseDetails> {
  const origin = await readOrigin(session, release.name)
  return { ...release, ...origin }
}

/** What a published flist says about the image it was made from; nothing when it says nothing. */
export async function readOrigin(
  { hub, account, call }: HubSession,
  name: string,
): Promise<{ digest?: string; treeHash?: string }> {
  const { image } = (await hub.metadata(account, name, call)) ?? {}
  const row: unknown = typeof image === 'string' ? parseJson(image) : image
  if (typeof row !== 'object' || row === null) return {}
  const text = (key: string) => (key in row ? (row as Record<string, unknown>)[key] : undefined)
  const [digest, treeHash] = [text('digest'), text('treeHash')]
  return {
    ...(typeof digest === 'string' ? { digest } : {}),
    ...(typeof treeHash === 'string' ? { treeHash } : {}),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
