import type { BootstrapHooks } from '../debian-hooks.ts'

/** What a machine of Arch Linux needs besides its kernel; systemd-resolved and systemd-networkd are in `base`. */
export const archMachinePackages: readonly string[] = [
  'base',
  'mkinitcpio',
  'cloud-init',
  'openssh',
  'netplan',
  'iproute2',
  'ca-certificates',
]

/** Runs before the first package. The kernel's package makes its initial RAM disk, with these modules in it. */
const setup = `#!/bin/sh
set -eu
umask 022
cd "$1"
mkdir -p etc/mkinitcpio.conf.d etc/systemd/system-preset
echo 'MODULES=(virtiofs virtio_pci)' > etc/mkinitcpio.conf.d/zos.conf
printf 'enable %s\\n' 'cloud-*' sshd.service systemd-networkd.service systemd-resolved.service \\
  > etc/systemd/system-preset/00-zos.preset
`

/** Runs after the last package. Services are not enabled by their packages here, as they are on Debian. */
const customize = `#!/bin/sh
set -eu
umask 022
root=$1
cd "$root"
chroot "$root" systemctl preset-all
mkdir -p etc/cloud/cloud.cfg.d
cat > etc/cloud/cloud.cfg.d/99-zos.cfg <<'END'
# The data of a deployment is on a disk with the label cidata.
datasource_list: [ NoCloud, None ]
locale: C.UTF-8
END
rm -rf var/lib/cloud/instance var/lib/cloud/instances var/lib/cloud/sem etc/pacman.d/gnupg
rm -f etc/hostname etc/resolv.conf etc/machine-id etc/ssh/ssh_host_* var/lib/dbus/machine-id var/lib/systemd/random-seed
echo localhost > etc/hostname
: > etc/machine-id
ln -s ../run/systemd/resolve/stub-resolv.conf etc/resolv.conf
rm -f var/cache/ldconfig/aux-cache
find var/log -type f -size +0 -delete
`

/** @param kernel package of the kernel, which gives its files their names */
export function archHooks(kernel: string): BootstrapHooks {
  const links = [`ln -sf vmlinuz-${kernel} boot/vmlinuz`, `ln -sf initramfs-${kernel}.img boot/initrd.img`]
  return { setup, customize: `${customize}${links.join('\n')}\n`, arguments: [] }
}
