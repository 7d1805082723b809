import { VmError } from '../errors.ts'
import { type Initrd, readInitrd } from '../initrd/read-initrd.ts'
import { describeKernel, type KernelImage } from '../kernel/kernel-image.ts'
import { type BootFiles, type BootMode, bootPaths, findBootFiles } from './boot-mode.ts'
import type { ContractTree } from './contract-tree.ts'
import { createFinding, type Finding } from './finding.ts'
import type { Rule } from './rule.ts'
import { diskImage } from './rules/disk-image-rules.ts'
import { containerEntrypoint } from './rules/entrypoint-rules.ts'
import { identity, nameResolution } from './rules/identity-rules.ts'
import { initrdContents, initrdPlace } from './rules/initrd-rules.ts'
import { kernelFormat, kernelModules, kernelPlace, unlinkedKernels } from './rules/kernel-rules.ts'
import { machineServices } from './rules/machine-rules.ts'
import { everyEntry, leftovers, mountedDirectories } from './rules/tree-rules.ts'

export type LintOptions = {
  /** What the tree is to be started as. Default: whatever zos makes of it. */
  readonly expected?: BootMode
  /** Command of the deployment. */
  readonly entrypoint?: readonly string[]
  /**
   * Command that the image or the flist names: for a container whose deployment has none. A machine with a kernel of its own does not get
   * it, as images of distributions name a shell, which as its init would do nothing.
   */
  readonly imageEntrypoint?: readonly string[]
  /** The flist's file name or address. */
  readonly address?: string
  /** Host name of the machine that built the tree. */
  readonly buildHost?: string
  readonly signal?: AbortSignal
}

export type LintReport = {
  /** What zos will start it as. */
  readonly mode: BootMode
  readonly kernelRelease: string | undefined
  /** Errors first, then in the order of the start. */
  readonly findings: readonly Finding[]
  readonly errors: number
  readonly warnings: number
}

/** In the order of the start. */
const rules: readonly Rule[] = [
  kernelPlace,
  kernelFormat,
  kernelModules,
  initrdPlace,
  initrdContents,
  diskImage,
  machineServices,
  containerEntrypoint,
  mountedDirectories,
  identity,
  nameResolution,
  leftovers,
  everyEntry,
]

/** No kernel or initial RAM disk that is larger is read. */
const largestBootFile = 512 << 20

/**
 * Compares a tree with what zos, Cloud Hypervisor and the guest need to start it: every rule of the boot contract, without starting it.
 * Reads only what rules look at.
 *
 * @throws what the tree throws
 */
export async function lintTree(tree: ContractTree, options: LintOptions = {}): Promise<LintReport> {
  const { files, findings: modeFindings } = await findBootFiles(tree)
  const findings = [...modeFindings]
  if (options.address !== undefined && !/\.(flist|fl)$/.test(options.address))
    findings.push(createFinding('flist-extension', '', options.address))
  const kernel = await readKernel(tree, files)
  const { initrd, finding } = await openInitrd(tree, files)
  if (finding) findings.push(finding)
  const { expected, buildHost, imageEntrypoint = [] } = options
  const mode = (await isMachine(tree, files, expected)) ? 'vm' : files.mode
  const entrypoint = options.entrypoint ?? (mode === 'container' ? imageEntrypoint : [])
  const subject = { tree, files, mode, expected, entrypoint, buildHost, kernel, initrd }
  for (const rule of rules) {
    options.signal?.throwIfAborted()
    for await (const found of rule(subject)) findings.push(found)
  }
  const errors = findings.filter(({ severity }) => severity === 'error')
  const warnings = findings.filter(({ severity }) => severity === 'warning')
  return {
    mode: files.mode,
    kernelRelease: kernel?.format === 'elf' || kernel?.format === 'bzimage' ? kernel.release : undefined,
    findings: [...errors, ...warnings],
    errors: errors.length,
    warnings: warnings.length,
  }
}

/** Whether a tree is a machine that zos would take for a container: told to be one, or with a kernel that it does not find. */
async function isMachine(tree: ContractTree, files: BootFiles, expected: BootMode | undefined): Promise<boolean> {
  if (files.mode !== 'container' || expected === 'container') return false
  if (expected === 'vm' || (await tree.lookup(bootPaths.kernel))) return true
  return (await unlinkedKernels(tree)).length > 0
}

async function readKernel(tree: ContractTree, { mode, kernel }: BootFiles): Promise<KernelImage | undefined> {
  if (mode !== 'vm' || kernel === undefined) return undefined
  const { size = 0 } = (await tree.lookup(kernel)) ?? {}
  return size > largestBootFile ? { format: 'unknown' } : describeKernel(await tree.read(kernel))
}

async function openInitrd(
  tree: ContractTree,
  { mode, initrd }: BootFiles,
): Promise<{ readonly initrd?: Initrd | undefined; readonly finding?: Finding }> {
  if (mode !== 'vm' || initrd === undefined) return {}
  try {
    const { size = 0 } = (await tree.lookup(initrd)) ?? {}
    if (size > largestBootFile) throw new VmError('initrd', `it has ${size} bytes`)
    return { initrd: readInitrd(await tree.read(initrd)) }
  } catch (error) {
    if (!(error instanceof VmError)) throw error
    return { finding: createFinding('initrd-unreadable', initrd, error.message) }
  }
}
