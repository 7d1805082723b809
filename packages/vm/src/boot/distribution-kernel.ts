import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { VmError } from '../errors.ts'
import { extractKernel } from '../kernel/extract-kernel.ts'
import { requireTool } from './machine-tools.ts'
import { runToEnd } from './run-to-end.ts'

/** A kernel of a distribution, unpacked to a folder. */
export type DistributionKernel = {
  readonly release: string
  /** The bzImage of the package. */
  readonly vmlinuz: string
  /** The ELF kernel out of it. */
  readonly vmlinux: string
  /** Its modules, `…/lib/modules/RELEASE`. */
  readonly modules: string
}

/** The small kernel for virtual machines of Debian. */
export const cloudKernelPackage = 'linux-image-cloud-amd64'

/**
 * The kernel that a package of the distribution stands for now, fetched from the archive this machine is configured for; nothing is
 * installed. It is kept in the cache until the archive has a newer one.
 *
 * @param metaPackage like `linux-image-cloud-amd64`, which depends on the package of one release
 * @throws VmError 'boot-failed' when the archive has no such package, 'tool-missing', 'kernel', 'cancelled'
 */
export async function fetchKernel(
  metaPackage: string,
  cache: string,
  signal?: AbortSignal,
): Promise<DistributionKernel> {
  const dependencies = await runToEnd([await requireTool('apt-cache'), 'depends', metaPackage], signal)
  const name = /Depends: (linux-image-[a-z0-9.+-]+)/.exec(dependencies)?.[1]
  if (name === undefined)
    throw new VmError(
      'boot-failed',
      `${metaPackage}: the archive of this machine has no such kernel; run apt-get update`,
    )
  const release = name.replace(/^linux-image-(unsigned-)?/, '')
  const folder = resolve(cache)
  const root = join(folder, name)
  // Written last.
  if (await isFile(kernelIn(root, release).vmlinux)) return kernelIn(root, release)
  await rm(root, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const work = await mkdtemp(join(folder, `${name}.partial-`))
  try {
    await runToEnd([await requireTool('apt-get'), 'download', name], signal, work)
    const [archive = ''] = await readdir(work)
    const unpacked = join(work, 'root')
    await runToEnd([await requireTool('dpkg-deb'), '--extract', join(work, archive), unpacked], signal)
    const { vmlinuz, vmlinux } = kernelIn(unpacked, release)
    await writeFile(vmlinux, extractKernel(await readFile(vmlinuz), vmlinuz).elf)
    // Another one may have made it meanwhile, which is as good.
    await rename(unpacked, root).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return kernelIn(root, release)
}

function kernelIn(root: string, release: string): DistributionKernel {
  return {
    release,
    vmlinuz: join(root, 'boot', `vmlinuz-${release}`),
    vmlinux: join(root, 'boot', `vmlinux-${release}`),
    modules: join(root, 'lib', 'modules', release),
  }
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
