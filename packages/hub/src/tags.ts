import { HubError } from './errors.ts'
import type { FlistListing } from './flist-info.ts'
import type { HubCall } from './hub-call.ts'
import { checkRepository } from './links.ts'
import { checkStoredName, checkTagName, withExtension } from './names.ts'
import { findFlist, notFound, readTag } from './reading.ts'
import type { CallOptions, HubSession } from './session.ts'
import { changeAndLook, findSource, ownCall } from './writing.ts'

/** One entry of a tag of one's own: the flist of a repository under a name. */
export type TagEntry = {
  readonly tag: string
  readonly name: string
  readonly repository: string
  readonly source: string
}

/** See `HubClient.tag`. */
export async function addToTag(session: HubSession, entry: TagEntry, options: CallOptions): Promise<void> {
  const user = await session.account(options)
  const call = tagCall(entry, `tag "${entry.tag}/${entry.name}" as`, options)
  await findSource(session, call, entry.repository, withExtension(entry.source))
  const found = await findFlist(session, user, entry.name, options)
  if ('absent' in found) checkRepository(session, call, user, found.absent)
  const isTagged = async (look: CallOptions) => (await targetOf(session, user, entry, look)) === wantedTarget(entry)
  await changeAndLook(session, call, isTagged, 'the tag has something else')
}

/** See `HubClient.untag`. */
export async function removeFromTag(session: HubSession, entry: TagEntry, options: CallOptions): Promise<void> {
  const user = await session.account(options)
  const call: HubCall = { ...tagCall(entry, `untag "${entry.tag}/${entry.name}" from`, options), method: 'DELETE' }
  // The hub removes the entry whatever it leads to.
  const target = await targetOf(session, user, entry, options)
  if (target === undefined) throw notFound(session, call, `"${user}" has no such entry in the tag`)
  if (target !== wantedTarget(entry)) throw notFound(session, call, `the entry leads to "${target}"`)
  const isGone = async (look: CallOptions) => (await targetOf(session, user, entry, look)) === undefined
  await changeAndLook(session, call, isGone, 'it is still there')
}

function tagCall({ tag, name, repository, source }: TagEntry, purpose: string, options: CallOptions): HubCall {
  checkTagName(tag)
  checkStoredName(name)
  const file = withExtension(source)
  return ownCall([tag, name, 'tag', repository, file], `${purpose} "${repository}/${file}"`, options)
}

/** As listings spell it. */
function wantedTarget({ repository, source }: TagEntry): string {
  return `${repository}/${withExtension(source)}`
}

/** What an entry leads to; undefined when it is not there. */
async function targetOf(
  session: HubSession,
  user: string,
  { tag, name }: TagEntry,
  options: CallOptions,
): Promise<string | undefined> {
  const entries = await readTag(session, user, tag, options).catch((error: unknown): readonly FlistListing[] => {
    if (error instanceof HubError && error.code === 'not-found') return []
    throw error
  })
  return entries.find((entry) => entry.name === name)?.target
}
