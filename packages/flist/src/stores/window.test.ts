import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { runInWindow } from './window.ts'

/** Runs tasks of some sizes and tells the most that ran at once. */
async function peak(sizes: number[], window: { items: number; bytes: number }) {
  let [items, bytes, mostItems, mostBytes, done] = [0, 0, 0, 0, 0]
  await runInWindow(
    sizes,
    window,
    (size) => size,
    async (size) => {
      items++
      bytes += size
      mostItems = Math.max(mostItems, items)
      mostBytes = Math.max(mostBytes, bytes)
      await sleep(1)
      items--
      bytes -= size
      done++
    },
  )
  return { mostItems, mostBytes, done }
}

test('as many tasks run as the window has items', async () => {
  expect(await peak(Array(20).fill(1), { items: 6, bytes: 1000 })).toEqual({ mostItems: 6, mostBytes: 6, done: 20 })
})

test('as many tasks run as the window has bytes', async () => {
  expect(await peak(Array(20).fill(30), { items: 100, bytes: 100 })).toEqual({ mostItems: 3, mostBytes: 90, done: 20 })
})

test('an item larger than the window runs alone', async () => {
  expect(await peak([5, 500, 5], { items: 10, bytes: 100 })).toEqual({ mostItems: 1, mostBytes: 500, done: 3 })
})

test('no items are no work', async () => {
  expect(await peak([], { items: 1, bytes: 1 })).toEqual({ mostItems: 0, mostBytes: 0, done: 0 })
})

test('after the first failure nothing is taken, and it is the one that is reported', async () => {
  let taken = 0
  let returned = false
  function* items() {
    try {
      for (;;) yield taken++
    } finally {
      returned = true
    }
  }
  const run = runInWindow(
    items(),
    { items: 3, bytes: 100 },
    () => 1,
    async (item) => {
      await sleep(item === 1 ? 1 : 5)
      throw new Error(`task ${item}`)
    },
  )
  await expect(run).rejects.toThrow('task 1')
  expect(taken).toBeLessThanOrEqual(4)
  expect(returned).toBe(true)
})

test('an error of the source is reported', async () => {
  async function* items() {
    yield 1
    throw new Error('the source broke')
  }
  await expect(
    runInWindow(
      items(),
      { items: 2, bytes: 10 },
      () => 1,
      async () => {},
    ),
  ).rejects.toThrow('the source broke')
})
