import { parentPort, workerData } from 'node:worker_threads'
import { mutantOf } from './mutants.ts'
import { allTargets } from './targets.ts'

/** What the worker is to do, and where it writes how far it is: [inputs begun, inputs read, inputs refused]. */
export type Work = {
  readonly target: string
  readonly seed: number
  readonly from: number
  readonly to: number
  readonly progress: SharedArrayBuffer
}

export type Finding = { readonly n: number; readonly error: string }

const { target: name, seed, from, to, progress } = workerData as Work
const [begun, read, refused] = [0, 1, 2]
const counts = new Int32Array(progress)
const target = (await allTargets()).find((candidate) => candidate.name === name)
if (target === undefined) throw new Error(`no target "${name}"`)
for (let n = from; n < to; n++) {
  const input = mutantOf(target, seed, n)
  Atomics.store(counts, begun, n + 1)
  try {
    await target.read(input)
    Atomics.add(counts, read, 1)
  } catch (error) {
    if (target.refusal && error instanceof target.refusal) Atomics.add(counts, refused, 1)
    else {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      parentPort?.postMessage({ n, error: text } satisfies Finding)
    }
  }
}
