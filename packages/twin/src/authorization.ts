import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, refusal } from './answers.ts'
import type { Sessions } from './sessions.ts'
import type { TokenReader } from './tokens.ts'

/** Who may write, and as whom. */
export type AuthorizationRules = {
  readonly readToken: TokenReader
  /** Repositories that are written by another user's token through the cookie `active-user`: repository → token user. */
  readonly activeUsers: Readonly<Record<string, string>>
  /** Every call that needs a token is refused; public reads go on. */
  readonly readonly: boolean
  /** A fixed token of the user `guest`. The hub finds it only when it has a dot. */
  readonly guestToken: string | undefined
  /** The hub's sessions; a strict twin has none, and tells who may not act as the `active-user`. */
  readonly sessions: Sessions
  readonly strict: boolean
}

/** Either the repository that a call writes to, with what the answer sets, or why the call is refused. */
export type Authorization =
  | { readonly user: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly refused: Answer }

/**
 * Decides as the hub does. A header with a dot anywhere is taken for a JWT, of which a twin can accept the guest token only
 * (there is no ItsYou.Online to sign one), or anything once a session has had it. An `active-user` that is not allowed is
 * silently ignored: the call then acts on the token's own repository.
 */
export function authorize(headers: IncomingHttpHeaders, rules: AuthorizationRules): Authorization {
  if (rules.readonly) return { refused: refusal('readonly mode', rules.strict ? 403 : 400) }
  const header = headers.authorization
  if (!header) return { refused: refusal('no authorization provided', 401) }
  // Node trims the header: "bearer " with an empty token arrives as "bearer".
  const token = /^bearer(?: (.*))?$/i.exec(header)?.[1]
  const isBearer = /^bearer(?: |$)/i.test(header)
  const cookies = readCookies(headers.cookie)

  if (header.includes('.')) return authorizeGuest(token ?? cookies.get('caddyoauth'), isBearer, cookies, rules)
  if (!isBearer) return { refused: refusal('invalid authorization header', 400) }
  const user = rules.readToken(token ?? '')
  if (user === undefined) return { refused: refusal('invalid signature', 401) }

  const active = cookies.get('active-user')
  const mayAct = active !== undefined && Object.hasOwn(rules.activeUsers, active) && rules.activeUsers[active] === user
  if (rules.strict && !mayAct && active !== undefined && active !== user) {
    return { refused: refusal(`the token may not write as ${JSON.stringify(active)}`, 403) }
  }
  return { user: mayAct ? active : user, headers: rules.strict ? {} : { 'Set-Cookie': rules.sessions.start(false) } }
}

/** The way of JWTs. A session that was let in once is let in with anything that has a dot, for ever. */
function authorizeGuest(
  token: string | undefined,
  isBearer: boolean,
  cookies: ReadonlyMap<string, string>,
  rules: AuthorizationRules,
): Authorization {
  const isGuest = rules.guestToken !== undefined && token === rules.guestToken
  const known = !rules.strict && rules.sessions.wasLetIn(cookies.get('session'))
  if (isGuest || known) {
    return { user: 'guest', headers: rules.strict ? {} : { 'Set-Cookie': rules.sessions.start(true) } }
  }
  const carriesJwt = isBearer || cookies.has('caddyoauth')
  return { refused: carriesJwt ? refusal('invalid token', 403) : refusal('could not authenticate', 401) }
}

function readCookies(header: string | undefined): Map<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim())
  }
  return cookies
}
