import { bootPaths } from '../boot-mode.ts'
import { joinPath } from '../contract-tree.ts'
import { createFinding, type Finding, shown } from '../finding.ts'
import { resolvePath } from '../path-resolution.ts'
import type { RuleSubject } from '../rule.ts'

/** A kernel that is there and not where zos looks; or none at all, where there was to be one. */
export async function* kernelPlace({ tree, files, expected }: RuleSubject): AsyncGenerator<Finding> {
  if (files.image !== undefined || files.kernel !== undefined) return
  const kernels = await unlinkedKernels(tree)
  const broken = await tree.lookup(bootPaths.kernel)
  if (broken) return
  if (kernels.length > 0)
    yield createFinding('kernel-not-linked', bootPaths.kernel, `there is ${kernels.map(shown).join(', ')}`)
  else if (expected === 'vm')
    yield createFinding('kernel-missing', bootPaths.kernel, 'there is no vmlinuz in /boot or /')
}

/** Kernels that are not where zos looks: beside it, or linked from the root directory, as Debian does. */
export async function unlinkedKernels(tree: RuleSubject['tree']): Promise<string[]> {
  const beside = (await tree.list('boot')).filter((name) => /^vmlinu[xz]-/.test(name))
  const above = (await tree.list('')).filter((name) => name === 'vmlinuz')
  return [...beside.map((name) => joinPath('boot', name)), ...above]
}

/** The kernel itself. */
export async function* kernelFormat({ files, kernel }: RuleSubject): AsyncGenerator<Finding> {
  const { kernel: path } = files
  if (!kernel || path === undefined) return
  if (kernel.format === 'unknown') yield createFinding('kernel-unknown', path, 'it begins as no kernel does')
  if (kernel.format === 'foreign') yield createFinding('kernel-architecture', path, `it is for ${kernel.architecture}`)
  if (kernel.format === 'bzimage') {
    const packed = kernel.payload?.compression ?? 'not known'
    yield createFinding('kernel-compressed', path, `it is a bzImage, its compression is ${packed}`)
  }
  if (kernel.format !== 'elf') return
  if (kernel.bits !== 64 || kernel.architecture !== 'x86-64')
    yield createFinding('kernel-architecture', path, `it is of ${kernel.bits} bits for ${kernel.architecture}`)
  else if (kernel.truncated) yield createFinding('kernel-truncated', path, 'its program headers reach over its end')
  else if (kernel.pvhEntry === undefined)
    yield createFinding('kernel-no-pvh', path, 'among its notes is none of the owner "Xen" and the type 18')
}

/** The modules of the same release. */
export async function* kernelModules({ tree, kernel }: RuleSubject): AsyncGenerator<Finding> {
  const release = kernelRelease(kernel)
  if (release === undefined) return
  const modules = await resolvePath(tree, 'lib/modules', 'guest')
  const releases = modules.kind === 'found' ? await tree.list(modules.path) : []
  if (releases.includes(release)) return
  const there = releases.length > 0 ? `there is ${releases.map(shown).join(', ')}` : 'there are none'
  yield createFinding('kernel-modules-missing', `lib/modules/${release}`, there)
}

/** The release of a kernel, where it tells it. */
export function kernelRelease(kernel: RuleSubject['kernel']): string | undefined {
  return kernel?.format === 'elf' || kernel?.format === 'bzimage' ? kernel.release : undefined
}
