import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, refusal } from './answers.ts'
import type { TokenReader } from './tokens.ts'

/** Who may write, and as whom. */
export type AuthorizationRules = {
  readonly readToken: TokenReader
  /** Repositories that are written by another user's token through the cookie `active-user`: repository → token user. */
  readonly activeUsers: Readonly<Record<string, string>>
  /** Every call that needs a token is refused; public reads go on. */
  readonly readonly: boolean
}

/** Either the repository that a call writes to, or why the call is refused. */
export type Authorization = { readonly user: string } | { readonly refused: Answer }

/**
 * Decides as the hub does, from the headers alone. A header with a dot anywhere is taken for a JWT, which no twin can
 * accept (there is no ItsYou.Online to have signed it). An `active-user` that is not allowed is silently ignored: the call
 * then acts on the token's own repository.
 */
export function authorize(headers: IncomingHttpHeaders, rules: AuthorizationRules): Authorization {
  if (rules.readonly) return { refused: refusal('readonly mode', 400) }
  const header = headers.authorization
  if (!header) return { refused: refusal('no authorization provided', 401) }
  // Node trims the header: "bearer " with an empty token arrives as "bearer".
  const token = /^bearer(?: (.*))?$/i.exec(header)
  const cookies = readCookies(headers.cookie)

  if (header.includes('.')) {
    const carriesJwt = token !== null || cookies.has('caddyoauth')
    return { refused: carriesJwt ? refusal('invalid token', 403) : refusal('could not authenticate', 401) }
  }
  if (token === null) return { refused: refusal('invalid authorization header', 400) }
  const user = rules.readToken(token[1] ?? '')
  if (user === undefined) return { refused: refusal('invalid signature', 401) }

  const active = cookies.get('active-user')
  const mayAct = active !== undefined && Object.hasOwn(rules.activeUsers, active) && rules.activeUsers[active] === user
  return { user: mayAct ? active : user }
}

function readCookies(header: string | undefined): Map<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim())
  }
  return cookies
}
