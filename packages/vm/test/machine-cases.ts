import { expect } from 'vitest'
import type { FindingCode } from '../src/contract/finding-codes.ts'
import type { LintOptions } from '../src/contract/lint.ts'
import { bzImage, elfKernel, kernelPayload } from './kernels.ts'
import { device, type Files, file, folder, initrd, link, program, release } from './trees.ts'

/** A code of the lint, the change to a good tree that has it, and where and with what it is found. */
export type Case = readonly [code: FindingCode, change: Files, path: string, evidence: string, options?: LintOptions]

export const kernelPath = `boot/vmlinuz-${release}`
const initrdPath = `boot/initrd.img-${release}`
export const zosConfig = 'etc/cloud/cloud.cfg.d/99-zos.cfg'
const foreignKernel = Buffer.alloc(4096)
foreignKernel.write('ARMd', 0x38)

/** One for each code of a machine with its own kernel. */
export const machineCases: readonly Case[] = [
  ['flist-extension', {}, '', 'https://hub.example/a/b.img', { address: 'https://hub.example/a/b.img' }],
  [
    'boot-link-absolute',
    { 'boot/vmlinuz': link(`/${kernelPath}`) },
    'boot/vmlinuz',
    `"boot/vmlinuz" → "/${kernelPath}"`,
  ],
  [
    'boot-link-absolute',
    { 'boot/initrd.img': link(`/${initrdPath}`) },
    'boot/initrd.img',
    `"boot/initrd.img" → "/${initrdPath}"`,
  ],
  ['boot-link-escapes', { 'boot/vmlinuz': link('../../vmlinuz') }, 'boot/vmlinuz', '"boot/vmlinuz" → "../../vmlinuz"'],
  ['boot-link-dangling', { 'boot/vmlinuz': link('vmlinuz-6.2') }, 'boot/vmlinuz', '"boot/vmlinuz" → "vmlinuz-6.2"'],
  ['boot-link-dangling', { 'boot/vmlinuz': link('vmlinuz') }, 'boot/vmlinuz', '"boot/vmlinuz" → "vmlinuz"'],
  ['boot-not-a-file', { 'boot/vmlinuz': folder() }, 'boot/vmlinuz', 'it is a directory'],
  ['kernel-not-linked', { 'boot/vmlinuz': undefined }, 'boot/vmlinuz', `there is "${kernelPath}"`],
  [
    'kernel-not-linked',
    { 'boot/vmlinuz': undefined, [kernelPath]: undefined, vmlinuz: link('boot/k') },
    'boot/vmlinuz',
    'there is "vmlinuz"',
  ],
  [
    'kernel-missing',
    { 'boot/vmlinuz': undefined, [kernelPath]: undefined },
    'boot/vmlinuz',
    'there is no vmlinuz in /boot or /',
    { expected: 'vm' },
  ],
  ['kernel-unknown', { [kernelPath]: 'garbage' }, kernelPath, 'it begins as no kernel does'],
  [
    'kernel-architecture',
    { [kernelPath]: file(elfKernel({ machine: 183, release })) },
    kernelPath,
    'it is of 64 bits for aarch64',
  ],
  ['kernel-architecture', { [kernelPath]: file(foreignKernel) }, kernelPath, 'it is for aarch64'],
  [
    'kernel-no-pvh',
    { [kernelPath]: file(elfKernel({ pvh: false, release })) },
    kernelPath,
    'among its notes is none of the owner "Xen" and the type 18',
  ],
  [
    'kernel-truncated',
    { [kernelPath]: file(elfKernel({ release, loaded: 1 << 30 })) },
    kernelPath,
    'its program headers reach over its end',
  ],
  [
    'kernel-compressed',
    { [kernelPath]: file(bzImage(kernelPayload('gzip', elfKernel({ release })))) },
    kernelPath,
    'it is a bzImage, its compression is gzip',
  ],
  [
    'kernel-modules-missing',
    { [kernelPath]: file(elfKernel({ release: '6.9.9' })), [initrdPath]: file(initrd({ of: '6.9.9' })) },
    'lib/modules/6.9.9',
    `there is "${release}"`,
  ],
  [
    'initrd-missing',
    { 'boot/initrd.img': undefined },
    'boot/initrd.img',
    'nothing is there, and virtiofs is not built into the kernel',
  ],
  [
    'initrd-unreadable',
    { [initrdPath]: 'garbage' },
    initrdPath,
    'initial RAM disk: at byte 0 there is neither an archive nor compressed; build it again',
  ],
  [
    'initrd-unreadable',
    { [initrdPath]: file(initrd().subarray(0, 200)) },
    initrdPath,
    expect.stringContaining('zstd data: '),
  ],
  ['initrd-no-init', { [initrdPath]: file(initrd({ without: /^init$/ })) }, initrdPath, 'its parts: zstd at 0'],
  [
    'initrd-no-virtiofs',
    { [initrdPath]: file(initrd({ without: /virtiofs/ })) },
    initrdPath,
    'it has 2 modules, and not virtiofs.ko',
  ],
  [
    'initrd-no-virtio-pci',
    { [initrdPath]: file(initrd({ without: /virtio_pci/ })) },
    initrdPath,
    'it has 2 modules, and not virtio_pci.ko',
  ],
  [
    'initrd-release',
    { [initrdPath]: file(initrd({ of: '5.10.0' })) },
    initrdPath,
    `it has modules of "5.10.0", the kernel is "${release}"`,
  ],
  [
    'initrd-rootdelay',
    { [initrdPath]: file(initrd({ without: /rootdelay/ })) },
    initrdPath,
    '/init has: sleep "$ROOTDELAY"',
  ],
  ['init-missing', { 'usr/sbin/init': undefined }, 'sbin/init', 'nothing is there'],
  ['init-missing', { 'usr/lib/systemd/systemd': undefined }, 'sbin/init', '"usr/sbin/init" → "/lib/systemd/systemd"'],
  ['entrypoint-in-vm', {}, 'app', 'it is ["/app","--port","80"]', { entrypoint: ['/app', '--port', '80'] }],
  [
    'network-missing',
    { 'usr/sbin/netplan': undefined, 'usr/lib/systemd/systemd-networkd': undefined },
    '',
    expect.stringContaining('none of /usr/sbin/netplan'),
  ],
  ['cloud-init-missing', { 'usr/bin/cloud-init': undefined }, 'usr/bin/cloud-init', 'nothing is there'],
  [
    'cloud-init-not-started',
    { 'usr/lib/systemd/system/cloud-init.service': undefined },
    'lib/systemd/system/cloud-init.service',
    'neither a unit nor a generator is there',
  ],
  [
    'cloud-init-disabled',
    { 'etc/cloud/cloud-init.disabled': '' },
    'etc/cloud/cloud-init.disabled',
    'the file is there',
  ],
  [
    'cloud-init-ran',
    { 'var/lib/cloud/instance': link('/var/lib/cloud/instances/x') },
    'var/lib/cloud/instance',
    'it is there, a link',
  ],
  [
    'cloud-init-ran',
    { 'var/lib/cloud/instances/x/obj.pkl': '' },
    'var/lib/cloud/instances',
    'it is there, with something in it',
  ],
  [
    'cloud-init-datasource',
    { [zosConfig]: 'datasource_list: [ Ec2, None ]\nlocale: C.UTF-8\n' },
    zosConfig,
    '[ Ec2, None ]',
  ],
  ['cloud-init-datasource', { [zosConfig]: 'datasource_list:\n  - Ec2\nlocale: C.UTF-8\n' }, zosConfig, ' - Ec2'],
  [
    'cloud-init-locale',
    { [zosConfig]: 'datasource_list: [ NoCloud ]\n' },
    'etc/cloud/cloud.cfg',
    'no locale is set, and there is no locale-gen',
  ],
  [
    'cloud-init-locale',
    { [zosConfig]: 'locale: de_DE.UTF-8\n' },
    'etc/cloud/cloud.cfg',
    'locale: de_DE.UTF-8, and there is no locale-gen',
  ],
  ['directory-missing', { dev: undefined }, 'dev', 'nothing is there'],
  ['directory-missing', { run: link('/var/run') }, 'run', 'it is a symlink'],
  ['directory-not-empty', { 'dev/null': '' }, 'dev', '"null"'],
  [
    'machine-id-set',
    { 'etc/machine-id': '0123456789abcdef0123456789abcdef\n' },
    'etc/machine-id',
    'it has 32 characters',
  ],
  ['machine-id-missing', { 'etc/machine-id': undefined }, 'etc/machine-id', 'nothing is there'],
  ['host-keys', { 'etc/ssh/ssh_host_rsa_key': 'x' }, 'etc/ssh', 'there is "ssh_host_rsa_key"'],
  ['authorized-keys', { 'root/.ssh/authorized_keys': 'ssh-ed25519 A\n' }, 'root/.ssh/authorized_keys', '1 lines'],
  ['authorized-keys', { 'home/a/.ssh/authorized_keys': 'ssh-ed25519 A\n' }, 'home/a/.ssh/authorized_keys', '1 lines'],
  ['hostname-foreign', { 'etc/hostname': 'builder\n' }, 'etc/hostname', '"builder"', { buildHost: 'builder' }],
  [
    'root-password-empty',
    { 'etc/shadow': 'root::19000:0:99999:7:::\n' },
    'etc/shadow',
    'the second field of root is empty',
  ],
  [
    'resolv-conf-dangling',
    { 'usr/lib/systemd/systemd-resolved': undefined },
    'etc/resolv.conf',
    '→ "../run/systemd/resolve/stub-resolv.conf"',
  ],
  [
    'resolv-conf-private',
    { 'etc/resolv.conf': 'nameserver 192.168.1.1\nnameserver 8.8.8.8\n' },
    'etc/resolv.conf',
    'nameserver 192.168.1.1',
  ],
  ['root-attributes', { '': folder({ mode: 0o700 }) }, '', 'it is 0:0 0700'],
  ['owner-too-large', { 'srv/a': file('', { uid: 65535 }) }, 'srv/a', '"srv/a"'],
  ['device-nodes', { 'srv/null': device() }, 'srv/null', '"srv/null"'],
  ['package-lists', { 'var/lib/apt/lists/a_Packages': '' }, 'var/lib/apt/lists', '"a_Packages"'],
  ['package-cache', { 'var/cache/apt/archives/a.deb': '' }, 'var/cache/apt/archives', '"a.deb"'],
  ['package-cache', { 'var/cache/pacman/pkg/a.pkg.tar.zst': '' }, 'var/cache/pacman/pkg', '"a.pkg.tar.zst"'],
  ['docker-marker', { '.dockerenv': '' }, '.dockerenv', 'the file is there'],
  [
    'services-denied',
    { 'usr/sbin/policy-rc.d': program('#!/bin/sh\nexit 101\n') },
    'usr/sbin/policy-rc.d',
    'it has: exit 101',
  ],
]
