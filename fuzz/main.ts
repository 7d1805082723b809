// `pnpm fuzz`: mutants of valid inputs for everything that reads bytes of strangers. Each must be read or refused with the
// package's own error, within a time and in bounded memory. Inputs that are not are kept, and named by seed and number.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { mutantOf } from './mutants.ts'
import type { Target } from './target.ts'
import { allTargets } from './targets.ts'
import type { Finding, Work } from './worker.ts'

/** Milliseconds for one input; most take less than one. */
const PATIENCE = 10_000
const HEAP_MIB = 512
const RSS_MIB = 1536

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
    keep: { type: 'string', default: 'fuzz/failures' },
  },
})
const seed = Number(values.seed)
const targets = (await allTargets()).filter(({ name }) => values.target === undefined || name === values.target)
const weights = targets.reduce((sum, { weight }) => sum + weight, 0)
if (!Number.isSafeInteger(seed) || !(Number(values.count) > 0) || targets.length === 0) {
  console.error('usage: pnpm fuzz [--count 100000] [--seed n] [--target name] [--keep folder]')
  process.exit(2)
}

let failures = 0
let inputs = 0
const started = performance.now()
console.log(`seed ${seed}`)
for (const target of targets) {
  const count = Math.ceil((Number(values.count) * target.weight) / weights)
  const { read, refused, seconds, found } = await fuzz(target, count)
  inputs += count
  failures += found
  console.log(
    `${target.name.padEnd(18)} ${count} inputs: ${read} read, ${refused} refused, ${found} failed; ${seconds.toFixed(1)} s`,
  )
}
const rss = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(
  `${inputs} inputs in ${((performance.now() - started) / 1000).toFixed(0)} s, ${failures} failed, ${rss} MiB at most`,
)
if (rss > RSS_MIB) console.error(`memory went beyond ${RSS_MIB} MiB`)
process.exitCode = failures > 0 || rss > RSS_MIB ? 1 : 0

/** Runs all inputs of a target; one that hangs or takes the worker down is noted, and the next worker goes on behind it. */
async function fuzz(target: Target, count: number) {
  const start = performance.now()
  const progress = new SharedArrayBuffer(12)
  const counts = new Int32Array(progress)
  let found = 0
  const keep = async ({ n, error }: Finding) => {
    found += 1
    const path = join(values.keep, `${target.name}-${seed}-${n}`)
    await mkdir(values.keep, { recursive: true })
    await writeFile(path, mutantOf(target, seed, n))
    console.error(`${target.name} input ${n} of seed ${seed} (kept as ${path}): ${error}`)
  }
  for (let from = 0; from < count; from = Atomics.load(counts, 0)) {
    const ended = await runWorker({ target: target.name, seed, from, to: count, progress }, keep)
    if (ended === undefined) break
    if (Atomics.load(counts, 0) <= from) throw new Error(`${target.name}: the worker does not start: ${ended}`)
    await keep({ n: Atomics.load(counts, 0) - 1, error: ended })
  }
  const [, read = 0, refused = 0] = counts
  return { read, refused, found, seconds: (performance.now() - start) / 1000 }
}

/** @returns why the worker did not get to its end; `undefined` where it did */
async function runWorker(work: Work, keep: (finding: Finding) => Promise<void>): Promise<string | undefined> {
  const counts = new Int32Array(work.progress)
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: work,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  })
  const kept: Promise<void>[] = []
  worker.on('message', (finding: Finding) => kept.push(keep(finding)))
  const watch = watchProgress(counts, work.from)
  const ended = await new Promise<string | undefined>((resolve) => {
    worker.once('error', (error) => resolve(error.stack ?? error.message))
    worker.once('exit', (code) => resolve(code === 0 ? undefined : `the worker ended with ${code}`))
    watch.stuck.then(() => resolve(`no end after ${PATIENCE / 1000} seconds`))
  })
  watch.stop()
  await worker.terminate()
  await Promise.all(kept)
  return ended
}

/** Resolves `stuck` when the number of inputs begun stays the same for too long; not before the first one behind `from`. */
function watchProgress(counts: Int32Array, from: number) {
  let [last, since] = [-1, performance.now()]
  let timer: NodeJS.Timeout | undefined
  const stuck = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      const begun = Atomics.load(counts, 0)
      if (begun !== last) [last, since] = [begun, performance.now()]
      else if (begun > from && performance.now() - since > PATIENCE) resolve()
    }, 250)
  })
  return { stuck, stop: () => clearInterval(timer) }
}
