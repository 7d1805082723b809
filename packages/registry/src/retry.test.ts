import { describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { RegistryError, type RegistryErrorFields } from './registry-error.ts'
import { parseRetryAfter, type RetryPolicy, retry, waitAfter } from './retry.ts'

const QUICK: RetryPolicy = { retries: 3, delay: 1, longestDelay: 20 }
const busy = (fields: RegistryErrorFields = {}): RegistryError =>
  new RegistryError('server', 'busy', { status: 503, ...fields })
const broken = (code: string): RegistryError =>
  new RegistryError('network', 'broken', { cause: Object.assign(new Error(code), { code }) })

describe('retry', () => {
  test('ends with the first success', async () => {
    let calls = 0
    const result = await retry(
      async () => {
        if (++calls < 3) throw busy()
        return 'done'
      },
      QUICK,
      undefined,
    )
    expect([result, calls]).toEqual(['done', 3])
  })

  test('gives up after the attempts of the policy, with the last error', async () => {
    let calls = 0
    const error = await failure(
      retry(async () => Promise.reject(busy({ status: 500 + ++calls + 1 })), QUICK, undefined),
    )
    expect([error.status, calls]).toEqual([505, 4])
  })

  test('an abort ends the wait with its reason', async () => {
    const controller = new AbortController()
    const work = retry(
      async () => Promise.reject(busy()),
      { ...QUICK, delay: 60_000, longestDelay: 60_000 },
      controller.signal,
    )
    controller.abort(new Error('enough'))
    await expect(work).rejects.toThrow('enough')
  })
})

describe('waitAfter', () => {
  const policy: RetryPolicy = { retries: 10, delay: 100, longestDelay: 1000 }

  test('doubles up to the longest delay, each with up to half of it at random', () => {
    for (const [failures, longest] of [
      [0, 100],
      [1, 200],
      [3, 800],
      [9, 1000],
    ] as const) {
      const waits = Array.from({ length: 200 }, () => waitAfter(busy(), failures, policy) ?? Number.NaN)
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(longest / 2)
      expect(Math.max(...waits)).toBeLessThanOrEqual(longest)
      expect(new Set(waits).size).toBeGreaterThan(1)
    }
  })

  test('is at least what the server asked for, and nothing when that is too long', () => {
    expect(waitAfter(busy({ retryAfter: 900 }), 0, policy)).toBe(900)
    expect(waitAfter(busy({ retryAfter: 1001 }), 0, policy)).toBeUndefined()
  })

  test.each<[string, unknown, boolean]>([
    ['503', busy(), true],
    ['408', busy({ status: 408 }), true],
    ['500', busy({ status: 500 }), true],
    ['501', busy({ status: 501 }), false],
    ['505', busy({ status: 505 }), false],
    ['429', new RegistryError('rate-limited', '', { status: 429 }), true],
    ['404', new RegistryError('not-found', '', { status: 404 }), false],
    ['401', new RegistryError('unauthorized', '', { status: 401 }), false],
    ['an answer outside the protocol', new RegistryError('server', '', { status: 200 }), false],
    ['a wrong digest', new RegistryError('digest-mismatch', ''), false],
    ['ECONNRESET', broken('ECONNRESET'), true],
    ['EAI_AGAIN', broken('EAI_AGAIN'), true],
    ['ENOTFOUND', broken('ENOTFOUND'), false],
    ['CERT_HAS_EXPIRED', broken('CERT_HAS_EXPIRED'), false],
    ['a closed client', broken('UND_ERR_DESTROYED'), false],
    ['an error of somebody else', new TypeError('x'), false],
  ])('after %s it tries again: %s', (_, error, expected) => {
    expect(waitAfter(error, 0, policy) !== undefined).toBe(expected)
  })
})

test.each([
  [undefined, undefined],
  ['0', 0],
  ['120', 120_000],
  [' 5 ', 5_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ['-5', undefined],
  ['soon', undefined],
])('Retry-After %j is %j milliseconds', (header, expected) => {
  expect(parseRetryAfter(header, 10_000)).toBe(expected)
})
