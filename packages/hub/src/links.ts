import type { HubCall } from './hub-call.ts'
import { checkStoredName, checkTagName, withExtension } from './names.ts'
import { findFlist, notFound, readLight, readTaglink } from './reading.ts'
import type { CallOptions, HubSession } from './session.ts'
import { changeAndLook, findSource, ownCall } from './writing.ts'

/** The kernel of the hub follows no more links than that. */
const LONGEST_CHAIN = 40

/** See `HubClient.link`. */
export async function makeLink(session: HubSession, source: string, name: string, options: CallOptions): Promise<void> {
  checkStoredName(source)
  checkStoredName(name)
  const user = await session.account(options)
  const call = ownCall([source, 'link', name], `link "${name}" to "${source}"`, options)
  await checkLink(session, call, { user, name }, { user, name: source })
  const isMade = (look: CallOptions) => leadsTo(session, user, name, source, look)
  await changeAndLook(session, call, isMade, 'the link leads elsewhere')
}

/** See `HubClient.crosslink`. */
export async function makeCrosslink(
  session: HubSession,
  repository: string,
  source: string,
  name: string,
  options: CallOptions,
): Promise<void> {
  checkStoredName(name)
  const file = withExtension(source)
  const user = await session.account(options)
  const purpose = `crosslink "${name}" to "${repository}/${file}"`
  const call = ownCall([name, 'crosslink', repository, file], purpose, options)
  await checkLink(session, call, { user, name }, { user: repository, name: file })
  const isMade = (look: CallOptions) => leadsTo(session, user, name, `../${repository}/${file}`, look)
  await changeAndLook(session, call, isMade, 'the link leads elsewhere')
}

/** See `HubClient.crosstag`. */
export async function makeTaglink(
  session: HubSession,
  name: string,
  repository: string,
  tag: string,
  options: CallOptions,
): Promise<void> {
  checkTagName(name)
  checkTagName(tag)
  const user = await session.account(options)
  const call = ownCall(
    [name, 'crosstag', repository, tag],
    `crosstag "${name}" to "${repository}/tags/${tag}"`,
    options,
  )
  const taken = await findFlist(session, user, name, options)
  if ('absent' in taken) checkRepository(session, call, user, taken.absent)
  else throw session.transport.error('is-a-file', call, `"${taken.info.name}" is there already; use another name`)
  const isMade = async (look: CallOptions) =>
    (await readTaglink(session, user, name, look)) === `${repository}/tags/${tag}`
  await changeAndLook(session, call, isMade, 'the link leads elsewhere')
}

/** See `HubClient.delete`, of a link to a tag. */
export async function deleteTaglink(session: HubSession, name: string, options: CallOptions): Promise<void> {
  checkTagName(name)
  const user = await session.account(options)
  const call: HubCall = { ...ownCall([name], `delete the taglink "${name}"`, options), method: 'DELETE' }
  // With a flist of that name the hub would delete the flist.
  const taken = await readLight(session, user, name, options)
  if (taken)
    throw session.transport.error('is-a-file', call, `"${taken.name}" would be deleted instead; delete that first`)
  const isGone = async (look: CallOptions) => (await readTaglink(session, user, name, look)) === undefined
  if (await isGone(options)) throw notFound(session, call)
  await changeAndLook(session, call, isGone, 'it is still there')
}

type Place = { readonly user: string; readonly name: string }

/**
 * Checks what the hub does not: that a link leads to something, and not back to itself, which would lose what both names
 * had.
 */
async function checkLink(session: HubSession, call: HubCall, link: Place, source: Place): Promise<void> {
  if (isSame(link, source)) refuseLoop(session, call)
  let info = await findSource(session, call, source.user, source.name)
  let place = source
  for (let hops = 0; info.type === 'symlink' && hops < LONGEST_CHAIN; hops++) {
    place = resolveTarget(place, info.target)
    if (isSame(link, place)) refuseLoop(session, call)
    info = await findSource(session, call, place.user, place.name)
  }
  if (link.user === source.user) return
  const found = await findFlist(session, link.user, link.name, call)
  if ('absent' in found) checkRepository(session, call, link.user, found.absent)
}

function refuseLoop({ transport }: HubSession, call: HubCall): never {
  throw transport.error('name-refused', call, 'the link would lead to itself; link to a flist')
}

function isSame(a: Place, b: Place): boolean {
  return a.user === b.user && a.name === b.name
}

/** Where the text of a link leads: `ok.flist` or `../alice.3bot/small.flist`. */
function resolveTarget({ user }: Place, target: string): Place {
  const [, repository, name] = /^\.\.\/([^/]+)\/([^/]+)$/.exec(target) ?? []
  return repository !== undefined && name !== undefined ? { user: repository, name } : { user, name: target }
}

/** Some calls of the hub break off when the repository they write to is not there. */
export function checkRepository(
  session: HubSession,
  call: HubCall,
  user: string,
  absent: 'repository' | 'flist',
): void {
  if (absent === 'flist') return
  const text = `"${user}" has no repository yet; upload a flist, which makes it`
  throw session.transport.error('not-found', call, text)
}

async function leadsTo(
  session: HubSession,
  user: string,
  name: string,
  target: string,
  options: CallOptions,
): Promise<boolean> {
  const made = await readLight(session, user, name, options)
  return made?.type === 'symlink' && made.target === target
}
