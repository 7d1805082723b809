import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { cloudKernelPackage } from '../packages/vm/src/index.ts'
import { debianPackagesOf } from '../packages/vm/src/machine/machine-hooks.ts'
import { type Measurement, measure } from './measured-process.ts'
import { formatTable, median } from './table.ts'

export type BootstrapBenchOptions = {
  /** How often each one runs; they take turns. */
  readonly runs: number
  readonly json?: string
  readonly dir?: string
}

type Row = { readonly name: string } & (Measurement | { readonly failed: string })

const release = 'bookworm'
const packages = [...debianPackagesOf(release), cloudKernelPackage]
const code = join(import.meta.dirname, '..', 'packages', 'vm', 'src', 'index.ts')

/** A root directory with a kernel and its initial RAM disk, from the same archive and without packages from before. */
const contestants: readonly { readonly name: string; readonly command: string }[] = [
  {
    name: 'debootstrap + chroot',
    // As the images on the hub were made: smallest system, then apt in it, then the initial RAM disk once more.
    command: `unshare --mount --propagation=private --pid --fork sh -euc '
      debootstrap --variant=minbase ${release} root
      mount -t proc proc root/proc
      in_root() { chroot root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 "$@"; }
      in_root apt-get --yes update
      in_root apt-get --yes --no-install-recommends install ${packages.join(' ')}
      in_root update-initramfs -u
      in_root apt-get clean'`,
  },
  {
    name: 'mmdebstrap',
    command: `mmdebstrap --quiet --variant=minbase --include=${packages.join(',')} ${release} root`,
  },
  {
    name: 'flist vm, its bootstrap',
    command: `${process.execPath} --input-type=module --eval '
      const { bootstrapMachine } = await import("${code}")
      await bootstrapMachine({ release: "${release}", components: ["main"], kernel: "${cloudKernelPackage}",
        directory: process.cwd() + "/root", sourceDateEpoch: 1700000000 })'`,
  },
]

/**
 * Makes the same machine in three ways, in turns, and prints a table. Ours also unpacks the kernel, cleans up, compares with the boot
 * contract and sets times back; the others end with a directory that zos would not start.
 */
export async function benchBootstrap({ runs, json, dir = tmpdir() }: BootstrapBenchOptions): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('bench bootstrap: debootstrap needs root; run it with sudo')
  const folder = await mkdtemp(join(dir, 'flist-bench-'))
  try {
    const setting = `${release}, ${packages.length} packages and what they need; ${availableParallelism()} processors; medians of ${runs}`
    console.log(setting)
    const rows = await runInTurns(runs, folder)
    console.log(formatTable(tableOf(rows)))
    if (json) await writeFile(json, `${JSON.stringify({ setting, packages, rows }, null, 2)}\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runInTurns(runs: number, folder: string): Promise<Row[]> {
  const results = new Map<string, Measurement[] | string>(contestants.map(({ name }) => [name, []]))
  for (let turn = 0; turn < runs; turn++) {
    for (const { name, command } of contestants) {
      const measurements = results.get(name)
      if (!Array.isArray(measurements)) continue
      const place = join(folder, 'run')
      // Others than root have to enter it.
      await mkdir(place, { mode: 0o755 })
      try {
        measurements.push(await measure(command, place))
      } catch (error) {
        results.set(name, error instanceof Error ? error.message : String(error))
      }
      await rm(place, { recursive: true, force: true })
    }
  }
  return [...results].map(([name, measurements]) =>
    typeof measurements === 'string'
      ? { name, failed: measurements }
      : {
          name,
          wall: median(measurements.map(({ wall }) => wall)),
          cpu: median(measurements.map(({ cpu }) => cpu)),
          peakBytes: Math.max(...measurements.map(({ peakBytes }) => peakBytes)),
        },
  )
}

function tableOf(rows: readonly Row[]): string[][] {
  const ours = rows.at(-1)
  const base = ours && 'wall' in ours ? ours.wall : Number.NaN
  const cells = rows.map((row) =>
    'wall' in row
      ? [row.name, row.wall.toFixed(1), row.cpu.toFixed(1), `${(row.wall / base).toFixed(2)}×`]
      : [row.name, row.failed],
  )
  return [['', 'wall', 'cpu', 'to ours'], ...cells]
}
