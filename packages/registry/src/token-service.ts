import { readBounded } from './bounded-read.ts'
import { basicAuthorization, type Credentials } from './credentials.ts'
import { networkError } from './network-error.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'
import { parseRetryAfter } from './retry.ts'
import { codeOf, readDetails } from './status-error.ts'
import type { Transport, TransportAnswer, TransportRequest } from './transport.ts'
import { isObject } from './untrusted-json.ts'

/** What a token is asked for. */
export type TokenRequest = {
  /** `realm` of the challenge */
  readonly realm: string
  readonly service: string | undefined
  readonly scope: string
  readonly registry: string
  /** Base URL of the registry that sent the challenge */
  readonly home: URL
  readonly credentials: Credentials | undefined
  /** Who asks, for messages: `as user "bob"` */
  readonly account: string
  readonly redact: (text: string) => string
}

/** A bearer token and its life in milliseconds from now. */
export type Token = { readonly token: string; readonly lifetime: number }

const ANSWER_LIMIT = 256 * 1024
const DEFAULT_LIFETIME = 60_000
// What a header may hold: anything else would be a forged header.
const HEADER_SAFE = /^[\x21-\x7e]+$/

/**
 * Asks a registry's token server for a bearer token: with a GET, and Basic credentials if there are any; for an identity
 * token with the POST of OAuth2.
 *
 * Source: distribution, docs/spec/auth/token.md and oauth.md.
 *
 * @throws RegistryError `unauthorized`, `denied`, `redirect-refused`, `network`, `server`, `rate-limited`
 */
export async function requestToken(transport: Transport, request: TokenRequest): Promise<Token> {
  const realm = checkRealm(request)
  const subject = `${request.registry}: token from ${realm.origin}`
  const answer = await transport.send({ home: request.home, subject, ...tokenCall(realm, request) })
  if (answer.status !== 200) throw await refusal(answer, request, subject)
  let body: Buffer
  try {
    body = await readBounded(answer.body, ANSWER_LIMIT)
  } catch (error) {
    throw networkError(error, subject, answer.origin, undefined)
  }
  return parseToken(body, subject)
}

/**
 * Credentials go where the registry says, so that place has to be as well protected as the registry itself. Whether its
 * host may be reached is decided by the transport.
 */
function checkRealm({ realm, home, registry }: TokenRequest): URL {
  const url = URL.parse(realm)
  const encrypted = url?.protocol === 'https:' || (url?.protocol === 'http:' && home.protocol === 'http:')
  if (url !== null && encrypted && url.username === '' && url.password === '') return url
  throw new RegistryError(
    'redirect-refused',
    `${registry}: the registry wants us to log in at ${quote(url?.origin ?? realm)}, which is not an https URL; ask the people who run the registry to repair it`,
  )
}

type TokenCall = Pick<TransportRequest, 'method' | 'url' | 'headers' | 'body' | 'authorization'>

function tokenCall(realm: URL, { service, scope, credentials }: TokenRequest): TokenCall {
  const asked = { ...(service !== undefined && { service }), scope }
  if (credentials?.identityToken !== undefined) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'tf-images',
      refresh_token: credentials.identityToken,
      ...asked,
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return { method: 'POST', url: realm, headers, body: form.toString() }
  }
  const url = new URL(realm)
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  const authorization = credentials && basicAuthorization(credentials.username, credentials.password)
  return { method: 'GET', url, authorization }
}

async function refusal(answer: TransportAnswer, request: TokenRequest, subject: string): Promise<RegistryError> {
  const { status } = answer
  const details = await readDetails(answer, request.redact)
  const { registry, credentials, account } = request
  const remedy =
    credentials === undefined
      ? `give credentials for ${registry}, or make the image public`
      : `check the password or token for ${registry} and what it may do`
  // A missing token server must not look like a missing image.
  const code = status === 404 ? 'unauthorized' : codeOf(status)
  return new RegistryError(
    code,
    `${subject}: refused (${[status, ...details].join(' ')}), asked ${account} for ${quote(request.scope)}; ${remedy}`,
    { status, retryAfter: parseRetryAfter(answer.headers['retry-after'], Date.now()) },
  )
}

function parseToken(body: Buffer, subject: string): Token {
  let answer: unknown
  try {
    answer = JSON.parse(body.toString('utf8'))
  } catch {
    // Judged below; the parser's own message would quote the token.
  }
  const { token, access_token, expires_in } = isObject(answer) ? answer : {}
  const value = typeof token === 'string' && token !== '' ? token : access_token
  if (typeof value !== 'string' || !HEADER_SAFE.test(value)) {
    throw new RegistryError(
      'unauthorized',
      `${subject}: the answer has no token in it; check that the registry's token server works`,
    )
  }
  const seconds = typeof expires_in === 'number' && expires_in >= 0 ? expires_in : undefined
  return { token: value, lifetime: seconds === undefined ? DEFAULT_LIFETIME : seconds * 1000 }
}
