import { createHash } from 'node:crypto'
import { createRandom, mutate, type Random } from '../packages/flist/test/mutations.ts'
import type { Target } from './target.ts'

/** Of eight mutants one is not repaired, so that the door is tried too. */
const UNREPAIRED = 8
/** Of four mutants of pages one is changed as a whole. */
const WHOLE = 4

/** Input number `n` of a target: the same for the same seed, on every machine and without those before it. */
export function mutantOf({ name, seeds, repair, pageBytes }: Target, seed: number, n: number): Buffer {
  const hash = createHash('sha256').update(`${seed}/${name}/${n}`).digest()
  const random = createRandom(hash.readInt32LE(0))
  const sound = seeds[random(seeds.length)] ?? Buffer.alloc(0)
  const mutant = pageBytes === undefined ? mutate(sound, random) : mutatePage(sound, pageBytes, random)
  return repair === undefined || random(UNREPAIRED) === 0 ? mutant : repair(mutant)
}

/** The first page is chosen half of the time: there is the map of the others. */
function mutatePage(sound: Buffer, pageBytes: number, random: Random): Buffer {
  if (random(WHOLE) === 0) return mutate(sound, random)
  const at = random(2) === 0 ? 0 : pageBytes * random(Math.ceil(sound.length / pageBytes))
  const damaged = mutate(sound.subarray(at, at + pageBytes), random)
  return Buffer.concat([sound.subarray(0, at), damaged, sound.subarray(at + damaged.length)])
}
