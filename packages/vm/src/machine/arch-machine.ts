import type { DistributionHooks } from './machine-hooks.ts'

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

/** Services are not enabled by their packages here, as they are on Debian. */
const prepare = 'chroot "$root" systemctl preset-all\n'

/** @param kernel package of the kernel, which gives its files their names */
export function archHooks(kernel: string): DistributionHooks {
  const links = [`ln -sf vmlinuz-${kernel} boot/vmlinuz`, `ln -sf initramfs-${kernel}.img boot/initrd.img`]
  return { setup, prepare, finish: `rm -rf etc/pacman.d/gnupg\n${links.join('\n')}\n`, arguments: [] }
}
