import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'

/** Most redirects followed for one request. */
export const MAX_REDIRECTS = 5

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Whether an answer of this status names another place to ask. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status)
}

/**
 * Where a redirect leads, or why it is not followed: only GET and HEAD are, only to http and https, never from https down
 * to http, never to a URL that carries a user name. Whether the host may be reached at all is decided by the transport.
 *
 * @throws RegistryError `redirect-refused`; its text has no path or query, which may hold a signature
 */
export function redirectTarget(method: string, from: URL, location: string | undefined, subject: string): URL {
  const refuse = (problem: string): RegistryError =>
    new RegistryError(
      'redirect-refused',
      `${subject}: ${from.origin} ${problem}; ask the people who run the registry to repair it`,
    )
  if (method !== 'GET' && method !== 'HEAD') throw refuse(`redirects a ${method}, which is not followed`)
  if (location === undefined) throw refuse('redirects without saying where to')
  const target = URL.parse(location, from.href)
  if (target === null) throw refuse('redirects to something that is not a URL')
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    throw refuse(`redirects to a URL of the scheme ${quote(target.protocol)}`)
  }
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw refuse(`redirects from https to ${target.origin}, which is not encrypted`)
  }
  if (target.username !== '' || target.password !== '') throw refuse('redirects to a URL that has a user name in it')
  return target
}
