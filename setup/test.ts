// `npm test`: style, types, then unit tests and machines beside the tests that need a real engine and registry. Nothing is
// skipped: where the engine can not be had the command fails. Arguments go to vitest: `npm test -- packages/flist`.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { bootstrapPackages, ensureEngine } from './services.ts'
import { ensurePackages, SetupError } from './system.ts'

const root = join(import.meta.dirname, '..')
const filters = process.argv.slice(2)

/** Other people's tools that our results are compared with. */
const comparedTools = { skopeo: 'skopeo', umoci: 'umoci', buildah: 'buildah', setcap: 'libcap2-bin' }

/** Packers of kernels and initial RAM disks: the tests pack with them what ours must unpack. */
const packers = { gzip: 'gzip', bzip2: 'bzip2', xz: 'xz-utils', lzop: 'lzop', lz4: 'lz4', zstd: 'zstd', cpio: 'cpio' }

/** What a boot needs: a machine, its root directory over virtiofs, the disk with its data, a shell for containers; disks of its own. */
const bootTools = {
  'qemu-system-x86_64': 'qemu-system-x86',
  '/usr/lib/qemu/virtiofsd': 'qemu-system-common',
  'mkfs.fat': 'dosfstools',
  mcopy: 'mtools',
  sgdisk: 'gdisk',
  sfdisk: 'fdisk',
  mke2fs: 'e2fsprogs',
  'grub-mkimage': 'grub-common',
  '/usr/lib/grub/x86_64-efi/normal.mod': 'grub-efi-amd64-bin',
  'qemu-img': 'qemu-utils',
  '/usr/share/OVMF/OVMF_CODE_4M.fd': 'ovmf',
  '/bin/busybox': 'busybox-static',
  ssh: 'openssh-client',
}

/** What bootstraps Arch Linux, from an archive that the test makes. */
const archTools = { pacstrap: 'arch-install-scripts', pacman: 'pacman-package-manager' }

/** What looks at the web pages of the local hub. */
const browser = { '/usr/bin/chromium': 'chromium' }

/**
 * Projects of vitest.config.ts that run at the same time. In each one file comes after the other, so that the engine has one
 * file to serve, and of the two processors that a small runner has both are used.
 */
const lanes: Readonly<Record<string, readonly string[]>> = { engine: ['e2e'], machines: ['machines', 'unit'] }

type Results = {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly { readonly name: string; readonly status: string }[]
}

try {
  ensurePackages({
    'docker-registry': 'docker-registry',
    ...bootstrapPackages,
    ...comparedTools,
    ...packers,
    ...bootTools,
    ...archTools,
    ...browser,
  })
  await ensureEngine()
  // It bundles itself: once, and not in many tests at the same time.
  execFileSync(join(root, 'flist'), ['--help'])
  // Where only some files are wanted, their output as it comes is worth more than the time.
  const chosen = filters.length > 0 ? { all: Object.values(lanes).flat() } : lanes
  const checks = filters.length > 0 ? [] : [await run('biome', ['check']), await run('tsc', ['--noEmit'])]
  const several = Object.keys(chosen).length > 1
  const tests = await Promise.all(Object.entries(chosen).map(([lane, projects]) => runTests(lane, projects, several)))
  const all = Object.keys(chosen).map((lane) => JSON.parse(readFileSync(resultsOf(lane), 'utf8')) as Results)
  console.log([...failedFiles(all), closingLine(all)].join('\n'))
  process.exitCode = Math.max(...checks, ...tests)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(`setup: ${error.message}`)
  process.exitCode = 1
}

/** Runs the tests of some projects; `piped` keeps them from drawing on a terminal that others write to as well. */
async function runTests(lane: string, projects: readonly string[], piped: boolean): Promise<number> {
  const results = resultsOf(lane)
  rmSync(results, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  return run('vitest', ['run', ...projects.map((name) => `--project=${name}`), ...reporters, ...filters], piped)
}

function resultsOf(lane: string): string {
  return join(root, 'node_modules', '.cache', `test-results-${lane}.json`)
}

/** Runs a tool of this clone and gives its exit status. */
async function run(program: string, args: readonly string[], piped = false): Promise<number> {
  console.log(`\n> ${[program, ...args].join(' ')}`)
  const output = piped ? 'pipe' : 'inherit'
  const child = spawn(join(root, 'node_modules', '.bin', program), args, {
    cwd: root,
    stdio: ['inherit', output, output],
  })
  child.stdout?.pipe(process.stdout, { end: false })
  child.stderr?.pipe(process.stderr, { end: false })
  const [code] = await once(child, 'close')
  return typeof code === 'number' ? code : 130
}

/** The files that failed, for who reads a long log from its end: what is wrong with them is where their lane ended. */
function failedFiles(all: readonly Results[]): string[] {
  const failed = all.flatMap(({ testResults }) => testResults.filter(({ status }) => status === 'failed'))
  return failed.map(({ name }) => `failed: ${relative(root, name)}`)
}

/** The counts alone on a line. */
function closingLine(all: readonly Results[]): string {
  const sum = (count: (results: Results) => number) => all.map(count).reduce((a, b) => a + b, 0)
  return `tests: ${sum(({ numPassedTests }) => numPassedTests)} passed, ${sum(({ numFailedTests }) => numFailedTests)} failed`
}
