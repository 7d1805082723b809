import { essentialPackage, type TestPackage } from './apt-repository.ts'
import { bzImage, elfKernel, kernelPayload } from './kernels.ts'
import { elfProgram, file, initrd, link, program } from './trees.ts'

/** What an archive has, as far as a machine is made of it. */
export function machinePackages(kernel: string, release: string): readonly TestPackage[] {
  return [
    essentialPackage,
    { name: 'apt', control: ['Priority: required'] },
    ...['dbus', 'ca-certificates', 'initramfs-tools', 'zstd', 'iproute2', 'udev'].map((name) => ({ name })),
    {
      name: 'systemd-sysv',
      files: {
        'usr/sbin/init': link('/lib/systemd/systemd'),
        'usr/lib/systemd/systemd': program(elfProgram),
        'usr/lib/systemd/systemd-networkd': program(elfProgram),
      },
    },
    { name: 'systemd-resolved', files: { 'usr/lib/systemd/systemd-resolved': program(elfProgram) } },
    { name: 'netplan.io', files: { 'usr/sbin/netplan': program('#!/bin/sh\n') } },
    { name: 'openssh-server', files: { 'etc/ssh/sshd_config': '', 'etc/ssh/ssh_host_rsa_key': 'of the builder' } },
    {
      name: 'cloud-init',
      files: {
        'usr/bin/cloud-init': program('#!/bin/sh\necho "$@" > /var/lib/cleaned\n'),
        'usr/lib/systemd/system/cloud-init.service': '[Unit]\n',
        'etc/cloud/cloud.cfg': 'users: [default]\n',
        'var/lib/cleaned': '',
      },
    },
    kernelPackage(kernel, release, bzImage(kernelPayload('zstd', elfKernel({ release })), release)),
  ]
}

/** A kernel with its modules, its initial RAM disk and the links that Ubuntu makes. */
export function kernelPackage(name: string, release: string, kernel: Uint8Array): TestPackage {
  return {
    name,
    files: {
      [`boot/vmlinuz-${release}`]: file(kernel),
      'boot/vmlinuz': link(`vmlinuz-${release}`),
      [`boot/initrd.img-${release}`]: file(initrd({ of: release })),
      'boot/initrd.img': link(`initrd.img-${release}`),
      [`usr/lib/modules/${release}/modules.builtin`]: '',
    },
  }
}
