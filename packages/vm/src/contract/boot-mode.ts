import type { ContractTree } from './contract-tree.ts'
import { createFinding, type Finding, shown } from './finding.ts'
import { resolvePath } from './path-resolution.ts'

/** What zos makes of a flist: `image` with /image.raw, else `vm` with /boot/vmlinuz, else `container`. */
export type BootMode = 'container' | 'vm' | 'image'

/** What zos finds, with where it really is. */
export type BootFiles = {
  readonly mode: BootMode
  readonly image?: string
  readonly kernel?: string
  readonly initrd?: string
}

/** The three paths zos looks at, in its order of deciding (zosbase, pkg/primitives/vm/utils.go, getFlistInfo). */
export const bootPaths = { image: 'image.raw', kernel: 'boot/vmlinuz', initrd: 'boot/initrd.img' } as const

/**
 * Decides as zos does, which follows links from the node: an absolute one counts as nothing being there.
 */
export async function findBootFiles(
  tree: ContractTree,
): Promise<{ readonly files: BootFiles; readonly findings: readonly Finding[] }> {
  const findings: Finding[] = []
  const found: { image?: string; kernel?: string; initrd?: string } = {}
  for (const name of ['image', 'kernel', 'initrd'] as const) {
    const resolution = await resolvePath(tree, bootPaths[name], 'node')
    if (resolution.kind === 'absent') continue
    if (resolution.kind !== 'found') {
      const evidence = `${shown(resolution.link)} → ${shown(resolution.target)}`
      findings.push(createFinding(`boot-link-${resolution.kind}`, bootPaths[name], evidence))
      continue
    }
    const { type } = resolution.entry
    if (type !== 'file') findings.push(createFinding('boot-not-a-file', bootPaths[name], `it is a ${type}`))
    else found[name] = resolution.path
  }
  const mode = found.image !== undefined ? 'image' : found.kernel !== undefined ? 'vm' : 'container'
  return { files: { mode, ...found }, findings }
}
