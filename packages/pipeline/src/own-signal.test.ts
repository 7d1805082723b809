import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { withOwnSignal } from './own-signal.ts'

test('gives what the work gives, and aborts when it is done', async () => {
  let seen: AbortSignal | undefined
  const result = await withOwnSignal(undefined, async (signal) => {
    seen = signal
    expect(signal.aborted).toBe(false)
    return 7
  })
  expect(result).toBe(7)
  expect(seen?.aborted).toBe(true)
})

test('aborts when the work fails, which is what it throws', async () => {
  let seen: AbortSignal | undefined
  const work = withOwnSignal(undefined, async (signal) => {
    seen = signal
    throw new Error('broken')
  })
  await expect(work).rejects.toThrow('broken')
  expect(seen?.aborted).toBe(true)
})

test('aborts with the other signal, for the same reason', async () => {
  const outer = new AbortController()
  const reason = new Error('enough')
  const work = withOwnSignal(outer.signal, async (signal) => {
    outer.abort(reason)
    signal.throwIfAborted()
  })
  await expect(work).rejects.toBe(reason)
})

test('does not begin once the other signal is aborted', async () => {
  const reason = new Error('enough')
  const begun: string[] = []
  const work = withOwnSignal(AbortSignal.abort(reason), async () => begun.push('work'))
  await expect(work).rejects.toBe(reason)
  expect(begun).toEqual([])
})

test('leaves nothing behind at the other signal', async () => {
  const outer = new AbortController()
  await withOwnSignal(outer.signal, async () => {
    expect(getEventListeners(outer.signal, 'abort')).toHaveLength(1)
  })
  expect(getEventListeners(outer.signal, 'abort')).toEqual([])
})
