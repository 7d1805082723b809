// `npm test`: style, types, unit tests, then the tests that need a real engine and registry. Nothing is skipped: where
// the engine can not be had the command fails. Arguments go to vitest: `npm test -- packages/flist`.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrapPackages, ensureEngine } from './services.ts'
import { ensurePackages, SetupError } from './system.ts'

const root = join(import.meta.dirname, '..')
const results = join(root, 'node_modules', '.cache', 'test-results.json')
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
  const checks = filters.length > 0 ? [] : [run('biome', 'check'), run('tsc', '--noEmit')]
  rmSync(results, { force: true })
  const tests = run(
    'vitest',
    'run',
    '--project=unit',
    '--project=e2e',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...filters,
  )
  console.log(closingLine())
  process.exitCode = Math.max(...checks, tests)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(`setup: ${error.message}`)
  process.exitCode = 1
}

/** Runs a tool of this clone and gives its exit status. */
function run(program: string, ...args: readonly string[]): number {
  console.log(`\n> ${[program, ...args].join(' ')}`)
  const { status } = spawnSync(join(root, 'node_modules', '.bin', program), args, { cwd: root, stdio: 'inherit' })
  return status ?? 130
}

/** The counts alone on a line, for who reads a long log from its end. */
function closingLine(): string {
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(results, 'utf8'))
  return `tests: ${numPassedTests} passed, ${numFailedTests} failed`
}
