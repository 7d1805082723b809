import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contestant, others, ourselves, ourselvesInZdb } from './contestants.ts'
import { type Measurement, measure } from './measured-process.ts'
import { formatTable, median } from './table.ts'
import { makeTestImage, type TestImage } from './test-image.ts'

export type ConvertBenchOptions = {
  /** An image of 2.2 GB instead of 170 MB. */
  readonly big: boolean
  /** How often each contestant runs; they take turns. */
  readonly runs: number
  /** Where to write the results too. */
  readonly json?: string
  /** Where the work is done; a directory for temporary files unless told. */
  readonly dir?: string
}

/** The medians of one contestant, or why it could not take part. */
type Row = { readonly name: string } & (Measurement | { readonly failed: string })

const SMALL_BYTES = 170e6
const BIG_BYTES = 2.2e9
/** What ratios are to, as far as it is on the machine. */
const REFERENCES: readonly string[] = ['tar -xzf', 'tar + zflist', 'tar + zflist, one core']

/** Converts an image made of this machine's files, in turns with the tools one would take otherwise, and prints a table. */
export async function benchConvert({ big, runs, json, dir = tmpdir() }: ConvertBenchOptions): Promise<void> {
  const folder = await mkdtemp(join(dir, 'flist-bench-'))
  try {
    const image = await makeTestImage(join(folder, 'image'), big ? BIG_BYTES : SMALL_BYTES)
    const fileSystem = execFileSync('stat', ['-f', '-c', '%T', folder], { encoding: 'utf8' }).trim()
    const setting = `${describeImage(image)}; ${fileSystem}; ${availableParallelism()} processors; node ${process.version}; medians of ${runs}`
    console.log(setting)
    const rows = await runInTurns(
      [...(await others(image)), ...ourselves(image), ...(await ourselvesInZdb(image))],
      runs,
      folder,
    )
    console.log(formatTable(tableOf(rows, image)))
    if (json) await writeFile(json, `${JSON.stringify({ setting, image, rows }, null, 2)}\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function describeImage({ files, contentBytes, tarBytes, layerBytes }: TestImage): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  return `${files} files, ${megabytes(contentBytes)}, tar ${megabytes(tarBytes)}, layer ${megabytes(layerBytes)}`
}

/** All once, then all again: what else the machine does then falls on all of them. */
async function runInTurns(contestants: readonly Contestant[], runs: number, folder: string): Promise<Row[]> {
  const results = new Map<Contestant, Measurement[] | string>(contestants.map((contestant) => [contestant, []]))
  for (let turn = 0; turn < runs; turn++) {
    for (const [contestant, measurements] of results) {
      if (typeof measurements === 'string') continue
      const place = join(folder, 'run')
      await mkdir(place)
      try {
        if (contestant.prepare) await measure(contestant.prepare, place)
        measurements.push(await measure(contestant.command, place))
      } catch (error) {
        results.set(contestant, error instanceof Error ? error.message : String(error))
      }
      await rm(place, { recursive: true, force: true })
    }
  }
  const place = join(folder, 'run')
  await mkdir(place)
  for (const { cleanUp } of contestants) if (cleanUp) await measure(cleanUp, place).catch(() => {})
  return [...results].map(([{ name }, measurements]) =>
    typeof measurements === 'string' ? { name, failed: measurements } : { name, ...medians(measurements) },
  )
}

function medians(measurements: readonly Measurement[]): Measurement {
  return {
    wall: median(measurements.map(({ wall }) => wall)),
    cpu: median(measurements.map(({ cpu }) => cpu)),
    peakBytes: Math.max(...measurements.map(({ peakBytes }) => peakBytes)),
  }
}

function tableOf(rows: readonly Row[], { contentBytes }: TestImage): string[][] {
  const references = rows.filter((row) => REFERENCES.includes(row.name)).filter((row) => 'wall' in row)
  return [
    [
      '',
      'wall',
      'cpu',
      'MB/s',
      ...references.map(({ name }) => `× ${name}`),
      ...references.slice(-1).map(({ name }) => `× cpu of ${name}`),
      'peak RSS',
    ],
    ...rows.map((row) => {
      if ('failed' in row) return [row.name, row.failed]
      const { name, wall, cpu, peakBytes } = row
      const ratios = references.map((reference) => (reference.wall / wall).toFixed(2))
      const byCpu = references.slice(-1).map((reference) => (reference.cpu / cpu).toFixed(2))
      const speed = (contentBytes / 1e6 / wall).toFixed(0)
      const cells = [`${wall.toFixed(2)} s`, `${cpu.toFixed(2)} s`, speed, ...ratios, ...byCpu]
      return [name, ...cells, `${(peakBytes / 2 ** 20).toFixed(0)} MiB`]
    }),
  ]
}
