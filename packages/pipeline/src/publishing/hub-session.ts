import { type CallOptions, type FlistInfo, type FlistListing, HubClient, HubError } from '@tf-images/hub'
import type { HubSettings } from '../settings.ts'

/** One account of a hub, for the time of one piece of work. */
export type HubSession = {
  readonly hub: HubClient
  readonly account: string
  readonly url: string
  readonly call: CallOptions
}

/** Who to read from: a token's own account, or one by its name, for which no token is needed. */
export type ReadSettings = Pick<HubSettings, 'url' | 'user' | 'retry'> & {
  readonly token?: string
  /** Called with every HTTP request. */
  readonly onRequest?: () => void
}

/**
 * Opens a session. With a token the account is asked for, and compared with the one that is wanted; without one the wanted
 * one is read as it is.
 */
export async function withSession<T>(
  settings: ReadSettings,
  signal: AbortSignal | undefined,
  body: (session: HubSession) => Promise<T>,
): Promise<T> {
  const { url, token, user, retry, onRequest } = settings
  const hub = new HubClient({
    url,
    ...retry,
    ...(token ? { token } : {}),
    ...(user ? { user } : {}),
    ...(onRequest ? { onRequest } : {}),
  })
  const call = signal ? { signal } : {}
  try {
    const account = token || !user ? await hub.account(call) : user
    return await body({ hub, account, url: url.replace(/\/+$/, ''), call })
  } finally {
    await hub.close()
  }
}

/** Everything in a repository; nothing when it does not exist yet. */
export async function listNames(session: HubSession, user = session.account): Promise<readonly FlistListing[]> {
  try {
    return await session.hub.list(user, session.call)
  } catch (error) {
    if (error instanceof HubError && error.code === 'not-found') return []
    throw error
  }
}

/** What a name of an account leads to, links within the account followed. */
export type Resolved = { readonly name: string; readonly info: FlistInfo }

/** More links in a row than anybody makes; the hub's file system follows 40. */
const MOST_LINKS = 8

/** Follows the links of the account from a name; undefined when it leads nowhere or to another account. */
export async function resolveName(session: HubSession, name: string): Promise<Resolved | undefined> {
  let at = name
  for (let step = 0; step < MOST_LINKS; step++) {
    const info = await session.hub.light(session.account, at, session.call)
    if (!info || info.md5 === null) return undefined
    if (info.type === 'regular') return { name: at, info }
    if (info.target.includes('/')) return undefined
    at = info.target
  }
  return undefined
}
