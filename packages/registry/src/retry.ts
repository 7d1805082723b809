import { setTimeout as delay } from 'node:timers/promises'
import { RegistryError } from './registry-error.ts'

/** How often and how patiently a call is repeated. */
export type RetryPolicy = {
  /** Attempts after the first */
  readonly retries: number
  /** Milliseconds before the second attempt; doubles with each further one */
  readonly delay: number
  /** Most milliseconds before an attempt; a server that asks for more is not waited for */
  readonly longestDelay: number
}

/** Five attempts in up to about 15 seconds, or as slowly as the server asks within a minute each. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { retries: 4, delay: 1_000, longestDelay: 60_000 }

/** Causes of a network error that stay the same however often one tries. */
const PERMANENT = new Set([
  'ENOTFOUND',
  'EPROTO',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/**
 * Calls `attempt` until it succeeds, fails for good, or the policy's attempts are used up; then its last error is thrown.
 * Network errors, 429 and 5xx are tried again, after a random wait that doubles, or after what `Retry-After` asked for.
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt()
    } catch (error) {
      const wait = waitAfter(error, failures, policy)
      if (wait === undefined) throw error
      await pause(wait, signal)
    }
  }
}

/** Milliseconds to wait after this failure, the `failures`-th counted from 0, or `undefined` when it is final. */
export function waitAfter(error: unknown, failures: number, policy: RetryPolicy): number | undefined {
  if (failures >= policy.retries || !isTransient(error)) return undefined
  const backoff = Math.min(policy.delay * 2 ** failures, policy.longestDelay)
  const wait = Math.max(backoff * (0.5 + Math.random() / 2), error.retryAfter ?? 0)
  return wait > policy.longestDelay ? undefined : wait
}

/** Waits; an abort ends it with the signal's reason. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(milliseconds, undefined, signal && { signal }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw error
  })
}

/**
 * Reads `Retry-After`, a number of seconds or a date, as milliseconds from `now`. Source: RFC 9110, 10.2.3.
 *
 * @param now milliseconds since the epoch
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^[0-9]{1,10}$/.test(header.trim())) return Number(header) * 1000
  // Date.parse takes much more than the dates of HTTP, "-5" for one.
  const date = /^[A-Z][a-z]{2,8},? .*GMT$/.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function isTransient(error: unknown): error is RegistryError {
  if (!(error instanceof RegistryError)) return false
  if (error.code === 'rate-limited' || error.code === 'server')
    return error.status !== undefined && isBusy(error.status)
  if (error.code !== 'network') return false
  const { cause } = error
  return !(cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && PERMANENT.has(cause.code))
}

/** Answers after which the same request may succeed. */
function isBusy(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505)
}
