import type { BootstrapHooks } from '../debian-hooks.ts'

/** A file of the machine, owned by root. */
export type MachineFile = {
  /** Absolute. */
  readonly target: string
  readonly mode: number
  readonly content: Uint8Array
}

/** A user of the machine, without a password: who has one of the keys is let in. */
export type MachineUser = {
  readonly name: string
  /** Default: the next one that is free, from 1000. */
  readonly uid?: number | undefined
  /** Groups besides its own; they have to be there. */
  readonly groups: readonly string[]
  readonly shell: string
  /** Lines of authorized_keys. */
  readonly keys: readonly string[]
}

/**
 * What a Debian machine needs to be started by zos and reached: an init, a way to its data and its addresses, a daemon to log in.
 * A minimal package set has none of it.
 */
const debianMachinePackages: readonly string[] = [
  'systemd-sysv',
  'dbus',
  'cloud-init',
  'openssh-server',
  'ca-certificates',
  'initramfs-tools',
  'zstd',
  'netplan.io',
  'systemd-resolved',
  'iproute2',
  'udev',
]

/** The packages of a machine of this release; older Ubuntu has systemd-resolved in systemd itself. */
export function debianPackagesOf(release: string): readonly string[] {
  return debianMachinePackages.filter((name) => name !== 'systemd-resolved' || release !== 'jammy')
}

/**
 * Runs before the first package. The list of modules is there when the kernel's package makes its initial RAM disk, so one run makes the
 * right one, and other packages are kept from making it again. The script takes `rootdelay` away, for which Debian's scripts sleep
 * 30 seconds although the root directory is there at once.
 */
const setup = `#!/bin/sh
set -eu
umask 022
cd "$1"
mkdir -p etc/initramfs-tools/scripts/init-top etc/dpkg/dpkg.cfg.d
printf 'virtiofs\\nvirtio_pci\\n' > etc/initramfs-tools/modules
printf 'update_initramfs=no\\nbackup_initramfs=no\\n' > etc/initramfs-tools/update-initramfs.conf
cat > etc/initramfs-tools/scripts/init-top/zos-rootdelay <<'END'
#!/bin/sh
# zos passes rootdelay=30, for which Debian's scripts sleep; a root on virtiofs is there at once.
[ "$1" = prereqs ] && exit 0
echo ROOTDELAY= >> /conf/param.conf
END
chmod 755 etc/initramfs-tools/scripts/init-top/zos-rootdelay
echo 'force-unsafe-io' > etc/dpkg/dpkg.cfg.d/zos-build
`

/** Runs after the last package; \`/tmp\` is mmdebstrap's until it is done. */
const customize = `#!/bin/sh
set -eu
umask 022
root=$1
cd "$root"
printf 'update_initramfs=yes\\nbackup_initramfs=no\\n' > etc/initramfs-tools/update-initramfs.conf
cat > etc/cloud/cloud.cfg.d/99-zos.cfg <<'END'
# The data of a deployment is on a disk with the label cidata. The package locales is not there.
datasource_list: [ NoCloud, None ]
locale: C.UTF-8
END
# cloud-init of Ubuntu 24.04 writes this file with a program of that package, and fails.
[ -e etc/default/locale ] || { mkdir -p etc/default; echo LANG=C.UTF-8 > etc/default/locale; }
rm -f etc/dpkg/dpkg.cfg.d/zos-build etc/dpkg/dpkg.cfg.d/99mmdebstrap etc/apt/apt.conf.d/99mmdebstrap
rm -rf var/lib/cloud/instance var/lib/cloud/instances var/lib/cloud/sem
rm -f etc/hostname etc/resolv.conf etc/machine-id etc/ssh/ssh_host_* var/lib/dbus/machine-id var/lib/systemd/random-seed
echo localhost > etc/hostname
: > etc/machine-id
ln -s ../run/systemd/resolve/stub-resolv.conf etc/resolv.conf
rm -f var/cache/apt/*.bin var/cache/debconf/*-old var/lib/dpkg/*-old var/cache/ldconfig/aux-cache
find var/log -type f -size +0 -delete
`

const debianHooks: BootstrapHooks = {
  setup,
  customize,
  arguments: ['--skip=output/dev', '--dpkgopt=force-confold'],
}

/** The hooks of a machine: its users are made, then its files are written. */
export function machineHooks(
  files: readonly MachineFile[],
  users: readonly MachineUser[] = [],
  base = debianHooks,
): BootstrapHooks {
  const customize = base.customize + users.map(userCommand).join('') + files.map(writeCommand).join('')
  return { ...base, customize }
}

/** The copies useradd makes of what it changes are of no use in a machine. */
function userCommand({ name, uid, groups, shell, keys }: MachineUser): string {
  const words = [
    '--create-home',
    '--user-group',
    ...(uid === undefined ? [] : ['--uid', String(uid)]),
    ...(groups.length > 0 ? ['--groups', groups.join(',')] : []),
    '--shell',
    shell,
    name,
  ]
  const script =
    'mkdir -p "/home/$1/.ssh"; cat > "/home/$1/.ssh/authorized_keys"; chmod 700 "/home/$1/.ssh"; ' +
    'chmod 600 "/home/$1/.ssh/authorized_keys"; chown -R "$1:$1" "/home/$1/.ssh"'
  const giveKeys = `chroot "$root" sh -euc '${script}' sh ${quoted(name)} <<'END'\n${keys.join('\n')}\nEND\n`
  const removeCopies = 'rm -f etc/passwd- etc/shadow- etc/group- etc/gshadow- etc/subuid- etc/subgid-\n'
  return `chroot "$root" useradd ${words.map(quoted).join(' ')}\n${removeCopies}${keys.length > 0 ? giveKeys : ''}`
}

/** Inside the root: a link there must not lead to this machine. */
function writeCommand({ target, mode, content }: MachineFile): string {
  const path = quoted(target)
  const script = `mkdir -p "$(dirname "$1")"; base64 -d > "$1"; chmod ${mode.toString(8)} "$1"`
  const text = Buffer.from(content)
    .toString('base64')
    .replace(/.{1,76}/g, '$&\n')
  return `chroot "$root" sh -euc '${script}' sh ${path} <<'END'\n${text}END\n`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
