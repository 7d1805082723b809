import type { BootstrapHooks } from '../debian-hooks.ts'
import { quoted } from '../shell-word.ts'
import { type PreparedStep, stepCommand } from './machine-step.ts'

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

/** Runs after the last package, before what the definition adds; \`/tmp\` is mmdebstrap's until it is done. */
const prepare = `printf 'update_initramfs=yes\\nbackup_initramfs=no\\n' > etc/initramfs-tools/update-initramfs.conf
# cloud-init of Ubuntu 24.04 writes this file with a program of the package locales, which is not there, and fails.
[ -e etc/default/locale ] || { mkdir -p etc/default; echo LANG=C.UTF-8 > etc/default/locale; }
`

/** Runs last. */
const finish = `rm -f etc/dpkg/dpkg.cfg.d/zos-build etc/dpkg/dpkg.cfg.d/99mmdebstrap etc/apt/apt.conf.d/99mmdebstrap
rm -f var/cache/apt/*.bin var/cache/debconf/*-old var/lib/dpkg/*-old
`

const debianHooks: DistributionHooks = {
  setup,
  prepare,
  finish,
  arguments: ['--skip=output/dev', '--dpkgopt=force-confold'],
}

/** What is of a distribution in the hooks of a machine. */
export type DistributionHooks = {
  readonly setup: string
  /** Lines that run in the root, before and after what the definition adds. */
  readonly prepare: string
  readonly finish: string
  readonly arguments: readonly string[]
}

const header = `#!/bin/sh
set -eu
umask 022
# What a command says is for people; the tar goes to standard output.
exec 1>&2
root=$1
cd "$root"
mkdir -p etc/cloud/cloud.cfg.d
cat > etc/cloud/cloud.cfg.d/99-zos.cfg <<'END'
# The data of a deployment is on a disk with the label cidata. The package locales is not there.
datasource_list: [ NoCloud, None ]
locale: C.UTF-8
END
`

/** Nothing of the machine that made it, nothing that would be the same in all machines, nothing that nobody needs. */
const clean = `cd "$root"
if [ -x usr/bin/cloud-init ]; then chroot "$root" env PYTHONDONTWRITEBYTECODE=1 cloud-init clean --logs --seed; fi
rm -f etc/hostname etc/resolv.conf etc/machine-id etc/ssh/ssh_host_* var/lib/dbus/machine-id var/lib/systemd/random-seed
rm -f etc/passwd- etc/shadow- etc/group- etc/gshadow- etc/subuid- etc/subgid-
echo localhost > etc/hostname
: > etc/machine-id
ln -s ../run/systemd/resolve/stub-resolv.conf etc/resolv.conf
rm -f var/cache/ldconfig/aux-cache .dockerenv
find var/log -type f -size +0 -delete
`

/** The hooks of a machine: its users are made, then its steps are done, then it is cleaned. */
export function machineHooks(
  steps: readonly PreparedStep[],
  users: readonly MachineUser[] = [],
  distribution: DistributionHooks = debianHooks,
): BootstrapHooks {
  const { setup, prepare, finish, arguments: options } = distribution
  const added = users.map(userCommand).join('') + steps.map(stepCommand).join('')
  return { setup, customize: header + prepare + added + clean + finish, arguments: options }
}

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
  return `chroot "$root" useradd ${words.map(quoted).join(' ')}\n${keys.length > 0 ? giveKeys : ''}`
}
