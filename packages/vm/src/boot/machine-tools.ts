import { constants } from 'node:fs'
import { VmError } from '../errors.ts'
import { findTool, mayAccess } from '../tool.ts'

/** Directories of the programs on a Debian system. */
export const systemPath: readonly string[] = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
]

/** Debian packages of the programs a boot needs. */
const packages: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'mkfs.fat': 'dosfstools',
  mcopy: 'mtools',
  mmd: 'mtools',
  'ssh-keygen': 'openssh-client',
  ssh: 'openssh-client',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  'qemu-img': 'qemu-utils',
  mke2fs: 'e2fsprogs',
  sfdisk: 'fdisk',
  'grub-mkimage': 'grub-common',
}

/** Where distributions put the daemon, which is no program for users: QEMU's own in C, then the one in Rust. */
const daemons = [
  { path: '/usr/lib/qemu/virtiofsd', isRust: false },
  { path: '/usr/libexec/virtiofsd', isRust: true },
  { path: '/usr/lib/virtiofsd', isRust: true },
]

/** @throws VmError 'tool-missing' naming the package */
export async function requireTool(name: string, searchPath = systemPath): Promise<string> {
  const found = await findTool(name, searchPath)
  if (found) return found
  const debianPackage = packages[name] ?? name
  throw missingTool(name, debianPackage)
}

/**
 * The daemon that gives the guest its root directory, with its arguments.
 *
 * @param places where one may be
 * @throws VmError 'tool-missing' naming the package
 */
export async function virtiofsdCommand(socket: string, directory: string, places = daemons): Promise<string[]> {
  for (const { path, isRust } of places) {
    if (!(await mayAccess(path, constants.X_OK))) continue
    if (isRust) {
      const options = ['--cache', 'always', '--xattr', '--sandbox', 'none', '--inode-file-handles=never']
      return [path, '--socket-path', socket, '--shared-dir', directory, ...options]
    }
    const options = ['cache=always', 'xattr', 'sandbox=chroot']
    return [
      path,
      `--socket-path=${socket}`,
      '-o',
      `source=${directory}`,
      ...options.flatMap((option) => ['-o', option]),
    ]
  }
  throw missingTool('virtiofsd', 'qemu-system-common (Debian 12, Ubuntu 22.04) or virtiofsd (later)')
}

/** The error for a program, or a folder of them, that is not on this machine. */
export function missingTool(program: string, debianPackage: string): VmError {
  return new VmError(
    'tool-missing',
    `boot: there is no ${program.startsWith('/') ? '' : 'program '}"${program}" on this machine; install it (apt-get install ${debianPackage})`,
    { debianPackage },
  )
}

/** UEFI firmware for QEMU: code, and variables to begin with; the larger ones are all that later distributions have. */
const firmwares = [
  { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  { code: '/usr/share/OVMF/OVMF_CODE.fd', variables: '/usr/share/OVMF/OVMF_VARS.fd' },
]

/** @throws VmError 'tool-missing' naming the package */
export async function findFirmware(places = firmwares): Promise<{ readonly code: string; readonly variables: string }> {
  for (const firmware of places) {
    if (await mayAccess(firmware.code, constants.R_OK)) return firmware
  }
  throw missingTool('OVMF', 'ovmf')
}
