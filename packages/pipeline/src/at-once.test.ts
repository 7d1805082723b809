import { expect, test } from 'vitest'
import { createTurns } from './at-once.ts'

test('so much work runs at the same time, and the rest in the order it came', async () => {
  const inTurn = createTurns(2)
  const events: string[] = []
  const work = (name: string) =>
    inTurn(async () => {
      events.push(`${name} begins`)
      await Promise.resolve()
      events.push(`${name} ends`)
      return name
    })
  expect(await Promise.all(['a', 'b', 'c'].map(work))).toEqual(['a', 'b', 'c'])
  expect(events).toEqual(['a begins', 'b begins', 'a ends', 'b ends', 'c begins', 'c ends'])
})

test('work that fails makes room for the next', async () => {
  const inTurn = createTurns(1)
  const failed = inTurn(() => Promise.reject(new Error('no')))
  const next = inTurn(async () => 'next')
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('next')
})

test('work that waits when all is stopped never begins', async () => {
  const stop = new AbortController()
  const inTurn = createTurns(1, stop.signal)
  const first = inTurn(async () => stop.abort(new Error('stopped')))
  const second = inTurn(async () => 'begun')
  await first
  await expect(second).rejects.toThrow('stopped')
})
