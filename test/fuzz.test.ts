import { expect, test } from 'vitest'
import { mutantOf } from '../fuzz/mutants.ts'
import type { Target } from '../fuzz/target.ts'
import { allTargets } from '../fuzz/targets.ts'

/** A small part of what `pnpm fuzz` does, the same inputs on every run. */
const SEED = 1
const targets = await allTargets()

async function outcome({ read, refusal }: Target, input: Buffer): Promise<'read' | 'refused'> {
  try {
    await read(input)
    return 'read'
  } catch (error) {
    if (refusal && error instanceof refusal) return 'refused'
    throw error
  }
}

test.each(targets)('$name: what it is given unchanged it reads', async (target) => {
  for (const input of target.seeds) expect(await outcome(target, Buffer.from(input))).toBe('read')
})

test.each(targets)('$name: mutants are read or refused, with nothing but its own error', async (target) => {
  const outcomes = new Set<string>()
  for (let n = 0; n < 20 * target.weight; n++) {
    const input = mutantOf(target, SEED, n)
    outcomes.add(await outcome(target, input).catch((cause) => Promise.reject(new Error(`input ${n}`, { cause }))))
  }
  if (target.refusal) expect(outcomes).toContain('refused')
})

test('an input can be made again from its number', () => {
  for (const target of targets) {
    expect(mutantOf(target, SEED, 5)).toEqual(mutantOf(target, SEED, 5))
    expect(mutantOf(target, SEED, 5)).not.toEqual(mutantOf(target, SEED, 6))
  }
})
