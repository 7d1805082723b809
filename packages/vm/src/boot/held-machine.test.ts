import { expect, test } from 'vitest'
import { holdMachine } from './held-machine.ts'

const forever = new Promise<never>(() => {})

test('it is kept until its user is done', async () => {
  let isUsed = false
  await holdMachine({ ended: forever }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    isUsed = true
  })
  expect(isUsed).toBe(true)
})

test('one that is switched off from inside is waited for no longer', async () => {
  await holdMachine({ ended: Promise.resolve({ exitCode: 0, tail: [], daemonTail: [] }) }, () => forever)
})

test('a caller who wants no more does not have to wait for a user', async () => {
  const cancelled = { code: 'cancelled' }
  await expect(holdMachine({ ended: forever }, () => forever, AbortSignal.timeout(20))).rejects.toMatchObject(cancelled)
  await expect(holdMachine({ ended: forever }, () => forever, AbortSignal.abort())).rejects.toMatchObject(cancelled)
})

test('what goes wrong for its user is told', async () => {
  const use = () => Promise.reject(new Error('no ssh'))
  await expect(holdMachine({ ended: forever }, use)).rejects.toThrow('no ssh')
})
