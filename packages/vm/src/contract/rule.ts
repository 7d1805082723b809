import type { Initrd } from '../initrd/read-initrd.ts'
import type { KernelImage } from '../kernel/kernel-image.ts'
import type { BootFiles, BootMode } from './boot-mode.ts'
import type { ContractTree } from './contract-tree.ts'
import type { Finding } from './finding.ts'

/** What all rules look at; kernel and initrd are read once. */
export type RuleSubject = {
  readonly tree: ContractTree
  readonly files: BootFiles
  /** What it was made to be: a machine whose kernel zos does not find is one all the same. */
  readonly mode: BootMode
  /** What the flist was made to be, where the caller knows. */
  readonly expected: BootMode | undefined
  /** Command of the deployment or of the image; none where there is none. */
  readonly entrypoint: readonly string[]
  /** Host name of the machine that built the tree, where it is known. */
  readonly buildHost: string | undefined
  readonly kernel: KernelImage | undefined
  readonly initrd: Initrd | undefined
}

/** Part of the contract. */
export type Rule = (subject: RuleSubject) => AsyncIterable<Finding>
