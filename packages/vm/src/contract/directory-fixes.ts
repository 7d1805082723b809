import { chmod, chown, lstat, mkdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path/posix'
import { extractKernel } from '../kernel/extract-kernel.ts'
import { bootPaths } from './boot-mode.ts'
import { joinPath } from './contract-tree.ts'
import { directoryTree, hostPath, throwRefused } from './directory-tree.ts'
import type { Finding } from './finding.ts'
import type { FindingCode } from './finding-codes.ts'
import { type LintOptions, type LintReport, lintTree } from './lint.ts'
import { resolvePath } from './path-resolution.ts'

/** What a fix did; undefined where it could not be done without guessing. */
type Fix = (root: string, finding: Finding) => Promise<string | undefined>

export type FixedFinding = {
  readonly code: FindingCode
  readonly path: string
  /** What was changed. */
  readonly change: string
}

/**
 * Fixes what can be fixed in a directory without taking a decision that is its owner's: nothing that carries information of its own
 * is removed (an authorized key, a password, a setting). Links in the directory are not followed, and what is mounted in it is left.
 *
 * The kernel's place is fixed first, since what else is wrong depends on what zos takes the tree for.
 *
 * @returns what was changed, and what is found after that
 * @throws VmError 'no-access', 'kernel' and 'compressed-data' for a kernel that can not be unpacked, and what else the file system answers
 */
export async function fixDirectory(
  root: string,
  options: LintOptions = {},
): Promise<{ readonly fixed: readonly FixedFinding[]; readonly report: LintReport }> {
  const fixed: FixedFinding[] = []
  const refused = (finding: Finding) => (error: unknown) => throwRefused(root, finding.path, error)
  const lint = () => lintTree(directoryTree(root), options)
  let report = await lint()
  for (const isNow of [(code: FindingCode) => placeCodes.has(code), () => true]) {
    const findings = report.findings.filter(({ code }) => isNow(code))
    for (const finding of findings) {
      const change = (await isInside(root, finding.path))
        ? await fixes[finding.code]?.(root, finding).catch(refused(finding))
        : undefined
      if (change !== undefined) fixed.push({ code: finding.code, path: finding.path, change })
    }
    if (findings.length > 0) report = await lint()
  }
  return { fixed, report }
}

/** What decides whether zos takes the tree for a machine. */
const placeCodes: ReadonlySet<FindingCode> = new Set(['boot-link-absolute', 'kernel-not-linked'])

/** Whether every directory on the way to a path is one of the tree itself: no link, no other file system. */
async function isInside(root: string, path: string): Promise<boolean> {
  const { dev } = await lstat(root)
  const parts = path.split('/')
  for (let count = 1; count <= parts.length; count++) {
    const part = await lstat(hostPath(root, parts.slice(0, count).join('/'))).catch(() => undefined)
    if (part && part.dev !== dev) return false
    if (count < parts.length && part && !part.isDirectory()) return false
  }
  return true
}

const removed: Fix = async (root, { path }) => {
  await rm(hostPath(root, path).toString(), { recursive: true, force: true })
  return 'removed'
}

/** Puts a new file in the place of whatever is there: a link is replaced, not followed. */
async function replaceFile(file: Buffer, content: string | Uint8Array, mode: number): Promise<void> {
  await unlink(file).catch(() => {})
  await writeFile(file, content, { mode, flag: 'wx' })
}

const emptied: Fix = async (root, { path }) => {
  await replaceFile(hostPath(root, path), '', 0o644)
  return 'made an empty file'
}

const folderEmptied =
  (isLeftover: (name: string) => boolean): Fix =>
  async (root, { path }) => {
    const names = (await directoryTree(root).list(path)).filter(isLeftover)
    let count = 0
    for (const name of names) {
      const child = joinPath(path, name)
      if (!(await isInside(root, child))) continue
      await rm(hostPath(root, child).toString(), { recursive: true, force: true })
      count += 1
    }
    return count === 0 ? undefined : `removed ${count} entries`
  }

const zosConfig = 'etc/cloud/cloud.cfg.d/99-zos.cfg'

const cloudInitConfigured: Fix = async (root) => {
  if (!(await isInside(root, zosConfig)) || (await directoryTree(root).lookup(zosConfig))) return undefined
  const file = hostPath(root, zosConfig).toString()
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, 'datasource_list: [ NoCloud, None ]\nlocale: C.UTF-8\n')
  return `wrote /${zosConfig}`
}

/** Links kernel and initial RAM disk, where there is one kernel only. */
const kernelLinked: Fix = async (root) => {
  const tree = directoryTree(root)
  const kernels = (await tree.list('boot')).filter((name) => name.startsWith('vmlinuz-'))
  const [kernel = ''] = kernels
  if (kernels.length !== 1) return undefined
  await symlink(kernel, hostPath(root, bootPaths.kernel))
  const initrd = kernel.replace('vmlinuz-', 'initrd.img-')
  const linksInitrd = !(await tree.lookup(bootPaths.initrd)) && (await tree.lookup(`boot/${initrd}`)) !== undefined
  if (linksInitrd) await symlink(initrd, hostPath(root, bootPaths.initrd))
  return `linked ${[kernel, ...(linksInitrd ? [initrd] : [])].join(' and ')}`
}

const linkMadeRelative: Fix = async (root, { path }) => {
  const tree = directoryTree(root)
  const target = await resolvePath(tree, path, 'guest')
  const entry = await tree.lookup(path)
  if (target.kind !== 'found' || entry?.type !== 'symlink') return undefined
  const to = relative(dirname(path), target.path)
  await unlink(hostPath(root, path))
  await symlink(to, hostPath(root, path))
  return `linked to ${to}`
}

const kernelUnpacked: Fix = async (root, { path }) => {
  const file = hostPath(root, path)
  const { elf, compression } = extractKernel(await readFile(file), `/${path}`)
  const { mode } = await lstat(file)
  const partial = Buffer.concat([file, Buffer.from('.partial')])
  await replaceFile(partial, elf, mode & 0o777)
  await rename(partial, file)
  return `unpacked from ${compression}: ${elf.length} bytes`
}

const devicesRemoved: Fix = async (root) => {
  const devices: string[] = []
  for await (const { path, entry } of directoryTree(root).walk())
    if (entry.type === 'character' || entry.type === 'block' || entry.type === 'socket') devices.push(path)
  let count = 0
  for (const path of devices) {
    if (!(await isInside(root, path))) continue
    await unlink(hostPath(root, path))
    count += 1
  }
  return count === 0 ? undefined : `removed ${count} of them`
}

const fixes: Partial<Record<FindingCode, Fix>> = {
  'boot-link-absolute': linkMadeRelative,
  'kernel-not-linked': kernelLinked,
  'kernel-compressed': kernelUnpacked,
  'cloud-init-ran': removed,
  'cloud-init-datasource': cloudInitConfigured,
  'cloud-init-locale': cloudInitConfigured,
  'directory-missing': async (root, { path }) => {
    if (await directoryTree(root).lookup(path)) return undefined
    await mkdir(hostPath(root, path))
    // The process's mask does not count here.
    await chmod(hostPath(root, path), path === 'tmp' ? 0o1777 : 0o755)
    return 'made'
  },
  'directory-not-empty': folderEmptied(() => true),
  'machine-id-set': emptied,
  'machine-id-missing': emptied,
  'host-keys': folderEmptied((name) => name.startsWith('ssh_host_')),
  'hostname-foreign': async (root, { path }) => {
    await replaceFile(hostPath(root, path), 'localhost\n', 0o644)
    return 'wrote localhost'
  },
  'resolv-conf-link': emptied,
  'resolv-conf-private': emptied,
  'root-attributes': async (root) => {
    if (process.getuid?.() === 0) await chown(root, 0, 0)
    await chmod(root, 0o755)
    return 'set owner and mode'
  },
  'device-nodes': devicesRemoved,
  'package-lists': folderEmptied((name) => name !== 'lock' && name !== 'partial'),
  'package-cache': folderEmptied((name) => /\.deb$|\.pkg\.tar/.test(name)),
  'docker-marker': removed,
  'services-denied': removed,
}

/** Whether {@link fixDirectory} knows what to do about a code. */
export function isFixable(code: FindingCode): boolean {
  return fixes[code] !== undefined
}
