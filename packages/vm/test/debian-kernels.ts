import { execFile } from 'node:child_process'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const cache = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'debian-kernels')

export type DebianKernel = {
  /** Where the package is unpacked. */
  readonly root: string
  readonly release: string
  readonly vmlinuz: string
}

/**
 * The kernel a Debian meta package stands for now, fetched from the archive this machine is configured for and unpacked; kept in the
 * clone's cache.
 *
 * @param metaPackage `linux-image-amd64` or `linux-image-cloud-amd64`
 */
export async function debianKernel(metaPackage: string): Promise<DebianKernel> {
  const { stdout } = await run('apt-cache', ['depends', metaPackage])
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (!name) throw new Error(`the archive of this machine has no ${metaPackage}; run apt-get update`)
  const release = name.replace('linux-image-', '')
  const root = join(cache, name)
  const kernel = { root, release, vmlinuz: join(root, 'boot', `vmlinuz-${release}`) }
  const unpacked = await readdir(root).catch(() => [])
  if (unpacked.length > 0) return kernel
  const work = join(cache, `${name}.${process.pid}.partial`)
  await mkdir(work, { recursive: true })
  try {
    await run('apt-get', ['download', name], { cwd: work })
    const [archive = ''] = await readdir(work)
    await run('dpkg-deb', ['--extract', join(work, archive), join(work, 'root')])
    await rename(join(work, 'root'), root)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return kernel
}
