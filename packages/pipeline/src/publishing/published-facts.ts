import { byteString, FlistError } from '@tf-images/flist'
import { HubError } from '@tf-images/hub'
import { archiveProblems } from './archived-content.ts'
import { downloadContent } from './content-download.ts'
import { isEqualContent } from './equal-content.ts'
import type { FlistContent } from './flist-content.ts'
import { type HubSession, listNames, resolveName } from './hub-session.ts'
import type { LinkState, NameState, PublishFacts } from './publish-plan.ts'
import { isStagingNameOf } from './release-names.ts'
import type { RouteChoice } from './route.ts'
import type { PublishedChunks } from './storage-report.ts'

/** Flists that a storage report compares with: each is downloaded. */
const MOST_COMPARED = 8

/** What the hub has of a release and its links, compared with the flist that is to be published. */
export async function readNames(
  session: HubSession,
  content: FlistContent,
  name: string,
  links: readonly string[],
): Promise<Pick<PublishFacts, 'name' | 'nameState' | 'links' | 'equal'>> {
  const [nameState, states] = await Promise.all([
    readNameState(session, content, name),
    Promise.all(links.map((link) => readLink(session, link))),
  ])
  const [first] = states
  const known = nameState.kind === 'equal' || first?.leadsTo === undefined
  const equal = known ? undefined : await equalFlist(session, content, first.leadsTo)
  return { name, nameState, links: states, ...(equal ? { equal } : {}) }
}

async function readNameState(session: HubSession, content: FlistContent, name: string): Promise<NameState> {
  const info = await session.hub.light(session.account, name, session.call)
  if (!info) return { kind: 'absent' }
  const resolved = await resolveName(session, name)
  if (!resolved?.info.md5) return { kind: 'damaged', problem: 'a link that leads nowhere', md5: info.md5 }
  const { md5 } = resolved.info
  if (md5 === content.md5) return { kind: 'equal', target: resolved.name, md5 }
  try {
    const published = await downloadContent(session, resolved.name)
    if (isEqualContent(content, published)) return { kind: 'equal', target: resolved.name, md5: published.md5 }
    const isArchived = archiveProblems(content, published).length === 0
    return { kind: 'other', md5, ...(isArchived ? { archived: resolved.name } : {}) }
  } catch (error) {
    if (error instanceof FlistError) return { kind: 'damaged', problem: error.message, md5 }
    throw error
  }
}

/**
 * What stands at the immutable name, seen from the route: by that of the archive, what a hub made of it is what was
 * published, or its next run would take it for somebody else's.
 */
export function settleName(
  state: NameState,
  route: RouteChoice['route'],
  options: { readonly missing: number; readonly replace: boolean },
): NameState {
  if (state.kind !== 'other' || state.archived === undefined || route !== 'archive' || options.replace) return state
  const { archived: target, md5 } = state
  if (options.missing === 0) return { kind: 'equal', target, md5 }
  return { kind: 'damaged', problem: `the backend lacks ${options.missing} of its chunks`, md5 }
}

async function readLink(session: HubSession, name: string): Promise<LinkState> {
  const info = await session.hub.light(session.account, name, session.call)
  if (!info) return { name, target: undefined, isFile: false }
  if (info.type === 'regular') return { name, target: undefined, isFile: true }
  const resolved = await resolveName(session, name)
  return { name, target: info.target, isFile: false, ...(resolved ? { leadsTo: resolved.name } : {}) }
}

async function equalFlist(
  session: HubSession,
  content: FlistContent,
  name: string,
): Promise<{ name: string; md5: string } | undefined> {
  try {
    const published = await downloadContent(session, name)
    return isEqualContent(content, published) ? { name, md5: published.md5 } : undefined
  } catch (error) {
    // What can not be read is not equal; publishing replaces it.
    if (error instanceof FlistError || (error instanceof HubError && error.code === 'not-found')) return undefined
    throw error
  }
}

/** What interrupted runs left for these names. */
export async function findLeftovers(session: HubSession, names: readonly string[]): Promise<string[]> {
  const listing = await listNames(session)
  return listing.map(({ name }) => name).filter((name) => names.some((own) => isStagingNameOf(name, own)))
}

/** The chunks of the flists that the account's links lead to, the newest ones. */
export async function readPublishedChunks(
  session: HubSession,
): Promise<{ flists: PublishedChunks[]; notCompared: number }> {
  const listing = await listNames(session)
  const targets = new Set(listing.flatMap(({ type, target }) => (type === 'symlink' && target ? [target] : [])))
  const linked = listing.filter(({ name, type }) => type === 'regular' && targets.has(name))
  const newest = linked.toSorted((a, b) => b.updated - a.updated).slice(0, MOST_COMPARED)
  const flists: PublishedChunks[] = []
  for (const { name } of newest) {
    const chunks = await readChunks(session, name)
    if (chunks) flists.push({ name, chunks })
  }
  return { flists, notCompared: linked.length - flists.length }
}

async function readChunks(session: HubSession, name: string): Promise<Set<string> | undefined> {
  try {
    const { chunks } = await downloadContent(session, name)
    return new Set([...chunks.values()].map(({ id }) => byteString(id)))
  } catch (error) {
    if (error instanceof FlistError) return undefined
    throw error
  }
}
