import { readBounded } from './bounded-read.ts'
import { quote } from './quoted-text.ts'
import { RegistryError, type RegistryErrorCode } from './registry-error.ts'
import { parseRetryAfter } from './retry.ts'
import type { TransportAnswer } from './transport.ts'
import { isObject } from './untrusted-json.ts'

/** What a refused request was about. */
export type RefusedRequest = {
  readonly subject: string
  readonly registry: string
  readonly repository: string
  /** Origin that was asked first */
  readonly home: URL
  /** Who asked: `as user "bob"`, `anonymously` */
  readonly account: string
  /** Whether any credentials were used */
  readonly anonymous: boolean
  /** Takes secrets out of text a server sent, in case it sends them back to us */
  readonly redact: (text: string) => string
}

const ERROR_BODY_LIMIT = 8 * 1024
const QUOTED_ERRORS = 3

/** Turns an answer that is not a success into an error, reading a bounded part of its body. */
export async function statusError(answer: TransportAnswer, request: RefusedRequest): Promise<RegistryError> {
  const { status } = answer
  const details = await readDetails(answer, request.redact)
  const retryAfter = parseRetryAfter(answer.headers['retry-after'], Date.now())
  const elsewhere = answer.origin !== request.home.origin
  const who = elsewhere ? `${answer.origin}, where the registry keeps its blobs,` : 'the registry'
  const asked = status === 401 || status === 403 || status === 429 ? `, asked ${request.account}` : ''
  const remedy = elsewhere ? 'try again' : remedyFor(status, request, retryAfter)
  return new RegistryError(
    codeOf(status),
    `${request.subject}: ${who} ${phrase(status)} (${[status, ...details].join(' ')})${elsewhere ? '' : asked}; ${remedy}`,
    { status, retryAfter },
  )
}

/** The code for a status that is not a success. */
export function codeOf(status: number): RegistryErrorCode {
  if (status === 401) return 'unauthorized'
  if (status === 403) return 'denied'
  if (status === 404) return 'not-found'
  if (status === 429) return 'rate-limited'
  return status === 405 || status === 415 ? 'unsupported' : 'server'
}

/**
 * The errors a registry or token server gives as JSON, quoted and cut short; nothing of any other body.
 * Source: distribution-spec, "Error Codes"; RFC 6749, 5.2 for token servers.
 */
export async function readDetails(answer: TransportAnswer, redact: (text: string) => string): Promise<string[]> {
  const bytes = await readBounded(answer.body, ERROR_BODY_LIMIT).catch(() => undefined)
  let body: unknown
  try {
    body = JSON.parse(bytes?.toString('utf8') ?? '')
  } catch {
    return []
  }
  if (!isObject(body)) return []
  const errors = Array.isArray(body.errors)
    ? body.errors.filter(isObject)
    : [{ code: body.error, message: body.error_description ?? body.details ?? body.message }]
  return errors
    .slice(0, QUOTED_ERRORS)
    .flatMap(({ code, message, detail }) => [
      ...(typeof code === 'string' && /^[A-Za-z_]{1,40}$/.test(code) ? [code] : []),
      ...[message, detail].flatMap((text) => (typeof text === 'string' && text !== '' ? [quote(redact(text))] : [])),
    ])
}

function phrase(status: number): string {
  if (status === 401) return 'refused access'
  if (status === 403) return 'denied access'
  if (status === 404) return 'does not have it'
  if (status === 429) return 'limits the rate of requests'
  return status >= 500 ? 'failed' : 'gave an answer that was not expected'
}

function remedyFor(status: number, request: RefusedRequest, retryAfter: number | undefined): string {
  const { registry } = request
  if (status === 401 && request.anonymous) return `give credentials for ${registry}, or make the image public`
  if (status === 401) return `check the password or token for ${registry} and what it may read`
  if (status === 403 && registry === 'ghcr.io') return ghcrRemedy(request.repository)
  if (status === 403) return `give this account access to ${quote(request.repository)} on ${registry}`
  if (status === 404) return 'check the spelling of repository, tag and digest, and that it was pushed'
  if (status === 429) {
    const wait = retryAfter === undefined ? 'wait' : `wait ${Math.ceil(retryAfter / 1000)} seconds`
    return request.anonymous ? `${wait}, or give credentials for ${registry}` : wait
  }
  return status >= 500 ? 'try again later' : `check that ${registry} is an OCI registry`
}

/** A package that was first pushed by hand refuses a workflow's token until it is given access, on a page hard to find. */
function ghcrRemedy(repository: string): string {
  const [owner = '', ...rest] = repository.split('/')
  const page = `packages/container/${encodeURIComponent(rest.join('/'))}/settings`
  return `open the package settings, https://github.com/orgs/${owner}/${page} (of a personal account https://github.com/users/${owner}/${page}), and add the repository under "Manage Actions access"`
}
