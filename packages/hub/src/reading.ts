import { errorMessage, type HubAnswer, isObject, readJson } from './answers.ts'
import { HubError } from './errors.ts'
import { isNotFound } from './failures.ts'
import { type FlistContents, type FlistCounters, readContents } from './flist-contents.ts'
import { type FlistInfo, type FlistListing, isMd5, readFlistInfo, readListing } from './flist-info.ts'
import type { HubCall } from './hub-call.ts'
import { checkTagName, pathComponent, withExtension } from './names.ts'
import type { CallOptions, HubSession } from './session.ts'

/** Listings and contents grow with what is there; a longer one is an error. */
const LISTING_LIMIT = 64 * 1024 * 1024

/** What is at a name, or which part of the name is not there. */
export type Found = { readonly info: FlistInfo } | { readonly absent: 'repository' | 'flist' }

/** What a call about one flist begins with, and how errors call it. */
function flistCall(user: string, name: string, what: string, ending: string, options: CallOptions): HubCall {
  const file = withExtension(name)
  const path = `/${pathComponent(user)}/${pathComponent(file)}${ending}`
  return { path, purpose: `${what} of "${user}/${file}"`, limit: LISTING_LIMIT, signal: options.signal }
}

function apiCall(user: string, name: string, what: string, ending: string, options: CallOptions): HubCall {
  const call = flistCall(user, name, what, ending, options)
  return { ...call, path: `/api/flist${call.path}` }
}

/** See `HubClient.light`; this tells a repository that is not there from a name that is not in it. */
export async function findFlist(
  { transport }: HubSession,
  user: string,
  name: string,
  options: CallOptions,
): Promise<Found> {
  const call = apiCall(user, name, 'light', '/light', options)
  const answer = await transport.call(call)
  if (isNotFound(answer)) {
    return { absent: errorMessage(answer) === 'user not found' ? 'repository' : 'flist' }
  }
  const info = answer.status === 200 ? readFlistInfo(readJson(answer)) : undefined
  if (!info) throw transport.failure(call, answer)
  return { info }
}

/** See `HubClient.light`. */
export async function readLight(
  session: HubSession,
  user: string,
  name: string,
  options: CallOptions,
): Promise<FlistInfo | undefined> {
  const found = await findFlist(session, user, name, options)
  return 'info' in found ? found.info : undefined
}

/** See `HubClient.md5`. */
export async function readMd5(
  { transport }: HubSession,
  user: string,
  name: string,
  options: CallOptions,
): Promise<string | undefined> {
  const call = flistCall(user, name, 'md5', '.md5', options)
  const answer = await transport.call(call)
  if (answer.status === 404) return undefined
  const md5 = answer.text?.trim()
  if (answer.status !== 200 || md5 === undefined || !isMd5(md5)) throw transport.failure(call, answer)
  return md5
}

/** See `HubClient.contents`. */
export async function readFlistContents(
  { transport }: HubSession,
  user: string,
  name: string,
  options: CallOptions,
): Promise<FlistContents | undefined> {
  const call = apiCall(user, name, 'contents', '', options)
  const answer = await transport.call(call)
  if (isNotFound(answer)) return undefined
  if (answer.status === 200 && answer.text === undefined) {
    throw transport.error(
      'unreadable',
      call,
      `is longer than ${LISTING_LIMIT} bytes; download the flist and read it here`,
    )
  }
  const json = answer.status === 200 ? readJson(answer) : undefined
  const contents = readContents(json)
  if (contents) return contents
  if (!isObject(json) || Object.keys(json).length > 0) throw transport.failure(call, answer)
  const text = 'the hub can not read the flist, or the link leads nowhere; publish it again'
  throw transport.error('unreadable', call, text)
}

/** The counters of a flist; undefined when it is not there or the hub can not read it. */
export async function countFlist(
  session: HubSession,
  user: string,
  name: string,
  options: CallOptions,
): Promise<FlistCounters | undefined> {
  return readFlistContents(session, user, name, options).catch((error: unknown) => {
    if (error instanceof HubError && error.code === 'unreadable') return undefined
    throw error
  })
}

/** See `HubClient.metadata`. */
export async function readMetadata(
  { transport }: HubSession,
  user: string,
  name: string,
  options: CallOptions,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const call = apiCall(user, name, 'metadata', '/metadata', options)
  const answer = await transport.call(call)
  if (isNotFound(answer)) return undefined
  const json = answer.status === 200 ? readJson(answer) : undefined
  if (!isObject(json)) throw transport.failure(call, answer)
  return json
}

/** See `HubClient.list`. */
export function readList(session: HubSession, user: string, options: CallOptions): Promise<readonly FlistListing[]> {
  const path = `/api/flist/${pathComponent(user)}`
  return listingOf(session, { path, purpose: `listing of "${user}"`, limit: LISTING_LIMIT, signal: options.signal })
}

/** See `HubClient.tags`. */
export function readTag(
  session: HubSession,
  user: string,
  tag: string,
  options: CallOptions,
): Promise<readonly FlistListing[]> {
  checkTagName(tag)
  const path = `/api/flist/${pathComponent(user)}/tags/${pathComponent(tag)}`
  const purpose = `listing of the tag "${user}/${tag}"`
  return listingOf(session, { path, purpose, limit: LISTING_LIMIT, signal: options.signal })
}

async function listingOf({ transport }: HubSession, call: HubCall): Promise<readonly FlistListing[]> {
  const answer = await transport.call(call)
  if (answer.status === 404) throw notFound({ transport }, call)
  const listing = answer.status === 200 ? readListing(readJson(answer)) : undefined
  if (!listing) throw transport.failure(call, answer)
  return listing
}

/** See `HubClient.taglink`. */
export async function readTaglink(
  { transport }: HubSession,
  user: string,
  name: string,
  options: CallOptions,
): Promise<string | undefined> {
  checkTagName(name)
  const path = `/api/flist/${pathComponent(user)}/${pathComponent(name)}/taglink`
  const call = { path, purpose: `taglink of "${user}/${name}"`, signal: options.signal }
  const answer = await transport.call(call)
  if (isNotFound(answer)) return undefined
  const target = taglinkTarget(answer)
  if (target === undefined) throw transport.failure(call, answer)
  return target
}

function taglinkTarget(answer: HubAnswer): string | undefined {
  const json = answer.status === 200 ? readJson(answer) : undefined
  return isObject(json) && typeof json.target === 'string' ? json.target : undefined
}

/** The error for something that is not there. */
export function notFound({ transport }: Pick<HubSession, 'transport'>, call: HubCall, what = 'not found'): HubError {
  return transport.error('not-found', call, `${what}; check the name and the URL of the hub`)
}
