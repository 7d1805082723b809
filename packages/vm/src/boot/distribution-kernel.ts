import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { VmError } from '../errors.ts'
import { extractKernel } from '../kernel/extract-kernel.ts'
import { runTool } from '../tool.ts'
import { requireTool, systemPath } from './machine-tools.ts'

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
 * @throws VmError 'boot-failed' when the archive has no such package, 'tool-missing', 'kernel'
 */
export async function fetchKernel(
  metaPackage: string,
  cache: string,
  signal?: AbortSignal,
): Promise<DistributionKernel> {
  const apt = (args: readonly string[], cwd = '/') => runInFolder(args, cwd, signal)
  const dependencies = await apt([await requireTool('apt-cache'), 'depends', metaPackage])
  const name = /Depends: (linux-image-[a-z0-9.+-]+)/.exec(dependencies)?.[1]
  if (name === undefined)
    throw new VmError(
      'boot-failed',
      `${metaPackage}: the archive of this machine has no such kernel; run apt-get update`,
    )
  const release = name.replace(/^linux-image-(unsigned-)?/, '')
  const root = join(cache, name)
  // Written last.
  if (await isFile(kernelIn(root, release).vmlinux)) return kernelIn(root, release)
  await rm(root, { recursive: true, force: true })
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, `${name}.partial-`))
  try {
    await apt([await requireTool('apt-get'), 'download', name], work)
    const [archive = ''] = await readdir(work)
    const unpacked = join(work, 'root')
    await apt([await requireTool('dpkg-deb'), '--extract', join(work, archive), unpacked])
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

async function runInFolder(command: readonly string[], cwd: string, signal?: AbortSignal): Promise<string> {
  let output = ''
  // `cd` since a tool of ours runs in the root directory.
  const { exitCode, tail } = await runTool(['sh', '-c', 'cd "$1"; shift; exec "$@"', 'sh', cwd, ...command], {
    environment: { PATH: systemPath.join(':'), LC_ALL: 'C.UTF-8' },
    onLine: () => {},
    readOutput: async (stdout) => {
      output = await text(stdout)
    },
    ...(signal ? { signal } : {}),
  })
  if (exitCode === 0) return output
  throw new VmError('boot-failed', `${command.join(' ')}: ended with exit code ${exitCode}; see its last lines`, {
    output: tail,
  })
}
