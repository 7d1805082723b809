import { copyFile, lstat, lutimes, mkdir, readdir, rm } from 'node:fs/promises'
import { requireTool } from '../boot/machine-tools.ts'
import { runToEnd } from '../boot/run-to-end.ts'
import { bootstrapWith } from '../bootstrap.ts'
import type { BootstrapOptions } from '../bootstrap-options.ts'
import { joinPath } from '../contract/contract-tree.ts'
import { type FixedFinding, fixDirectory } from '../contract/directory-fixes.ts'
import { hostPath } from '../contract/directory-tree.ts'
import type { LintReport } from '../contract/lint.ts'
import { VmError } from '../errors.ts'
import { archHooks, archMachinePackages } from './arch-machine.ts'
import { prepareSteps } from './machine-download.ts'
import { debianPackagesOf, type MachineUser, machineHooks } from './machine-hooks.ts'
import type { MachineStep } from './machine-step.ts'
import { requireUbuntu } from './ubuntu-archive.ts'

/** Whose archive it is; what is not Debian's needs keys, and a list of its releases unless `mirror` is given. */
export type MachineDistribution = 'debian' | 'ubuntu' | 'arch'

export type MachineOptions = Omit<BootstrapOptions, 'output' | 'variant'> & {
  /** Default: `debian`. */
  readonly distribution?: MachineDistribution
  /** Package with its kernel, like `linux-image-cloud-amd64`. */
  readonly kernel: string
  /** What is done when the packages are there, in this order. */
  readonly steps?: readonly MachineStep[]
  readonly users?: readonly MachineUser[]
  /** Folder in which downloads of the steps are kept by their hash. Default: none is kept. */
  readonly downloadCache?: string
  /** File for its kernel as the package has it, which is unpacked in the machine: GRUB starts only that. */
  readonly packagedKernel?: string
  /** Directory that becomes its root; what is in it is replaced. */
  readonly directory: string
}

export type MachineTree = {
  readonly directory: string
  /** What was still to do after the bootstrap: links, the kernel. */
  readonly fixed: readonly FixedFinding[]
  /** Of the boot contract; free of errors for a machine that zos starts. */
  readonly report: LintReport
}

/**
 * Makes the root directory of a virtual machine from a distribution's archive: bootstrap with a kernel and what it takes to be reached,
 * the kernel unpacked and linked where zos looks, nothing in it that would be the same on all machines. No time in it is after
 * `sourceDateEpoch`.
 *
 * @throws VmError 'bootstrap-failed', 'tool-missing', 'cancelled', 'invalid-options', 'kernel', 'download-failed'; 'boot-failed' without root
 */
export async function bootstrapMachine(options: MachineOptions): Promise<MachineTree> {
  const { directory, kernel, include = [], steps = [], users = [], downloadCache } = options
  const { environment, onProgress, signal } = options
  if (process.getuid?.() !== 0)
    throw new VmError('boot-failed', `${directory}: only root may give files to their owners; run it as root (sudo)`)
  if (options.distribution === 'ubuntu') await requireUbuntu(options)
  const tar = `${directory}.tar`
  const isArch = options.distribution === 'arch'
  const needed = isArch ? archMachinePackages : debianPackagesOf(options.release)
  const packages = [...new Set([...needed, kernel, ...include])]
  const downloads = downloadCache ?? `${directory}.downloads`
  const prepared = await prepareSteps(steps, {
    folder: downloads,
    ...(environment ? { environment } : {}),
    ...(onProgress ? { onProgress } : {}),
    ...(signal ? { signal } : {}),
  })
  const hooks = machineHooks(prepared, users, isArch ? archHooks(kernel) : undefined)
  const how: Partial<BootstrapOptions> = isArch ? { tool: 'pacstrap' } : {}
  try {
    await bootstrapWith({ ...options, ...how, include: packages, output: tar }, hooks)
  } finally {
    if (downloadCache === undefined) await rm(downloads, { recursive: true, force: true })
  }
  try {
    await rm(directory, { recursive: true, force: true })
    await mkdir(directory, { mode: 0o755, recursive: true })
    options.onProgress?.('unpacking')
    const flags = ['--extract', '--numeric-owner', '--same-permissions', '--xattrs', '--xattrs-include=*']
    await runToEnd([await requireTool('tar'), ...flags, '--directory', directory, '--file', tar], signal)
  } finally {
    await rm(tar, { force: true })
  }
  options.onProgress?.('unpacking the kernel')
  if (options.packagedKernel !== undefined) await keepKernel(directory, options.packagedKernel)
  const { fixed, report } = await fixDirectory(directory, { expected: 'vm' })
  await clampTimes(directory, '', options.sourceDateEpoch)
  return { directory, fixed, report }
}

/** The one kernel of a machine that was just made. */
async function keepKernel(directory: string, output: string): Promise<void> {
  const names = await readdir(hostPath(directory, 'boot'), { encoding: 'latin1' })
  const kernel = names.find((name) => name.startsWith('vmlinuz-'))
  if (kernel !== undefined) await copyFile(hostPath(directory, joinPath('boot', kernel)), output)
}

/** No file is younger than `epoch`; those of the bootstrap are not already, what was changed after it is. */
async function clampTimes(root: string, path: string, epoch: number): Promise<void> {
  const host = hostPath(root, path)
  const stats = await lstat(host)
  if (stats.isDirectory())
    for (const name of await readdir(host, { encoding: 'latin1' })) await clampTimes(root, joinPath(path, name), epoch)
  if (stats.mtimeMs / 1000 > epoch) await lutimes(host, epoch, epoch)
}
