import { expect, test } from 'vitest'
import { HubError } from './errors.ts'
import { type Attempt, readRetryAfter, retry } from './retry.ts'

const failed = new HubError('network', 'no answer')
const policy = { attempts: 4, firstPause: 1, deadline: 1000 }

test('attempts go on until one ends', async () => {
  const results: Attempt<string>[] = [{ failed }, { failed }, { done: 'yes' }]
  expect(await retry(policy, undefined, async (count) => results[count - 1] ?? { failed })).toBe('yes')
})

test('after the last attempt its failure is thrown', async () => {
  let attempts = 0
  const result = retry(policy, undefined, async () => {
    attempts++
    return { failed }
  })
  await expect(result).rejects.toBe(failed)
  expect(attempts).toBe(4)
})

test('a pause that the deadline does not allow is not begun', async () => {
  const started = performance.now()
  await expect(retry(policy, undefined, async () => ({ failed, retryAfter: 5000 }))).rejects.toBe(failed)
  expect(performance.now() - started).toBeLessThan(500)
})

test('the pause that the server asks for is kept', async () => {
  const times: number[] = []
  await retry<void>(policy, undefined, async (count) => {
    times.push(performance.now())
    return count === 1 ? { failed, retryAfter: 60 } : { done: undefined }
  })
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(55)
})

test('what an attempt throws is final', async () => {
  let attempts = 0
  const result = retry(policy, undefined, async () => {
    attempts++
    throw failed
  })
  await expect(result).rejects.toBe(failed)
  expect(attempts).toBe(1)
})

test('an abort ends a pause with its own reason', async () => {
  const abort = new AbortController()
  const reason = new Error('stopped by the user')
  setTimeout(() => abort.abort(reason), 10)
  const slow = { ...policy, firstPause: 60_000, deadline: 600_000 }
  await expect(retry(slow, abort.signal, async () => ({ failed }))).rejects.toBe(reason)
})

test.each([
  ['0', 0],
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:01:40 GMT', 90_000],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s is %s ms', (header, milliseconds) => {
  expect(readRetryAfter(header, 10_000)).toBe(milliseconds)
})
