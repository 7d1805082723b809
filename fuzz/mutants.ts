import { createHash } from 'node:crypto'
import { createRandom, mutate } from '../packages/flist/test/mutations.ts'
import type { Target } from './target.ts'

/** Of eight mutants one is not repaired, so that the door is tried too. */
const UNREPAIRED = 8

/** Input number `n` of a target: the same for the same seed, on every machine and without those before it. */
export function mutantOf({ name, seeds, repair }: Target, seed: number, n: number): Buffer {
  const hash = createHash('sha256').update(`${seed}/${name}/${n}`).digest()
  const random = createRandom(hash.readInt32LE(0))
  const mutant = mutate(seeds[random(seeds.length)] ?? Buffer.alloc(0), random)
  return repair === undefined || random(UNREPAIRED) === 0 ? mutant : repair(mutant)
}
