export type { Accelerator } from './boot/accelerator.ts'
export { type BootOptions, bootDirectory } from './boot/boot.ts'
export {
  type BootCheck,
  type CheckAnswer,
  type CheckResult,
  checkCommand,
  checkName,
  checkProblem,
  type SshAccess,
  sshArguments,
} from './boot/boot-check.ts'
export { createBootFolder } from './boot/boot-folder.ts'
export { type BootReport, junitReport } from './boot/boot-report.ts'
export type { ConsoleLine } from './boot/console-log.ts'
export { cloudKernelPackage, type DistributionKernel, fetchKernel } from './boot/distribution-kernel.ts'
export { type BootstrapResult, bootstrapDebian } from './bootstrap.ts'
export type { BootstrapOptions, BootstrapTool, DebianVariant } from './bootstrap-options.ts'
export type { Compression } from './compression/compression.ts'
export type { BootMode } from './contract/boot-mode.ts'
export { commandWords } from './contract/command-words.ts'
export type { ByteRange, ContractTree, TreeEntry } from './contract/contract-tree.ts'
export { type FixedFinding, fixDirectory, isFixable } from './contract/directory-fixes.ts'
export { directoryTree } from './contract/directory-tree.ts'
export type { Finding } from './contract/finding.ts'
export { type FindingCode, findingCodes, type Severity } from './contract/finding-codes.ts'
export { type LintOptions, type LintReport, lintTree } from './contract/lint.ts'
export { type ContentReader, nodeTree, type TreeNode } from './contract/node-tree.ts'
export { type CloudImageOptions, convertCloudImage } from './disk/cloud-image.ts'
export { type DiskImage, type DiskImageOptions, makeDiskImage } from './disk/make-disk-image.ts'
export { type BootstrapFailure, VmError, type VmErrorCode } from './errors.ts'
export { formatJunit, type JunitSuite } from './junit.ts'
export { type ExtractedKernel, extractKernel } from './kernel/extract-kernel.ts'
export { type BzImagePayload, describeKernel, type KernelImage } from './kernel/kernel-image.ts'
export {
  bootstrapMachine,
  type MachineDistribution,
  type MachineOptions,
  type MachineTree,
} from './machine/bootstrap-machine.ts'
export type { MachineUser } from './machine/machine-hooks.ts'
export type { MachineStep } from './machine/machine-step.ts'
