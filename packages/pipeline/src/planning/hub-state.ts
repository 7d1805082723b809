import type { FlistListing } from '@tf-images/hub'
import type { ImageNames } from '../image-names.ts'
import { type HubSession, listNames } from '../publishing/hub-session.ts'
import { parseReleaseName } from '../publishing/release-names.ts'
import { readWithdrawn } from '../releases/withdrawal.ts'
import type { HubNames } from './decision.ts'

/** All that a hub has of an account, as far as a plan asks: two requests, however many images there are. */
export type HubState = {
  readonly url: string
  readonly account: string
  readonly rows: ReadonlyMap<string, FlistListing>
  readonly withdrawn: ReadonlySet<string>
}

/** Reads the names of an account and where they lead, and what was rolled back. */
export async function readHubState(session: HubSession): Promise<HubState> {
  const [rows, withdrawn] = await Promise.all([listNames(session), readWithdrawn(session)])
  const { url, account } = session
  return { url, account, withdrawn, rows: new Map(rows.map((row) => [row.name, row])) }
}

/** What the hub has of one build. A name that leads nowhere has no flist. */
export function hubNames({ rows, withdrawn }: HubState, names: Pick<ImageNames, 'flist' | 'link'>): HubNames {
  const row = rows.get(names.flist)
  const target = row?.type === 'symlink' ? row.target : undefined
  const flist = row?.type === 'regular' ? row.name : target !== undefined && isThere(rows, target) ? target : undefined
  const link = rows.get(names.link)
  const linkTarget = link?.type === 'symlink' ? link.target : undefined
  return { flist, linkTarget, withdrawn: withdrawn.has(names.flist) }
}

/** What is in another repository is not in the listing; it is taken for what the link says. */
function isThere(rows: HubState['rows'], target: string): boolean {
  return target.includes('/') || rows.get(target)?.type === 'regular'
}

/** The first digits of the build that the link of an image leads to; undefined when it leads to none of its builds. */
export function publishedBuild(state: HubState, image: string): string | undefined {
  const link = state.rows.get(`${image}.flist`)
  return link?.type === 'symlink' && link.target !== undefined ? parseReleaseName(link.target, image)?.build : undefined
}
