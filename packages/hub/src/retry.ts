import { setTimeout as sleep } from 'node:timers/promises'
import type { HubError } from './errors.ts'

/** How often and how long a call is tried. */
export type RetryPolicy = {
  /** Attempts in all, the first one included. */
  readonly attempts: number
  /** The pause after the first failure, in milliseconds; it doubles after each further one, and is shortened at random. */
  readonly firstPause: number
  /** Milliseconds that all attempts and pauses may take together. */
  readonly deadline: number
}

/** What one attempt came to: an end, or a failure that may pass. `retryAfter` is the server's wish, in milliseconds. */
export type Attempt<T> = { readonly done: T } | { readonly failed: HubError; readonly retryAfter?: number | undefined }

const LONGEST_PAUSE = 15_000

/**
 * Makes attempts until one ends, with growing pauses of random length between them. Gives up with the last failure when the
 * attempts or the time are used up, also when the server asks for a longer pause than there is time. What an attempt throws
 * is final.
 */
export async function retry<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  attempt: (count: number) => Promise<Attempt<T>>,
): Promise<T> {
  const end = performance.now() + policy.deadline
  for (let count = 1; ; count++) {
    const result = await attempt(count)
    if ('done' in result) return result.done
    const pause = result.retryAfter ?? randomPause(policy, count)
    if (count >= policy.attempts || performance.now() + pause >= end) throw result.failed
    await interruptible(pause, signal)
  }
}

/** Pauses as {@link retry} does after so many failures. */
export async function pauseAfter(
  failures: number,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<void> {
  await interruptible(randomPause(policy, failures), signal)
}

async function interruptible(pause: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(pause, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted())
}

function randomPause({ firstPause }: RetryPolicy, failures: number): number {
  const full = Math.min(firstPause * 2 ** (failures - 1), LONGEST_PAUSE)
  return full / 2 + (Math.random() * full) / 2
}

/** Reads `Retry-After`: seconds or a date; in milliseconds from now. Undefined for anything else. */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
