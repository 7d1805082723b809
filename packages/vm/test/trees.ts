import { nodeTree, type TreeNode } from '../src/contract/node-tree.ts'
import { type CpioEntry, writeCpio } from '../src/initrd/cpio.ts'
import { compress, elfKernel } from './kernels.ts'

export type TestNode = TreeNode<Buffer>
type Options = { readonly mode?: number; readonly uid?: number; readonly gid?: number }

/** Paths to nodes; directories on the way are made. `undefined` removes what is at a path. */
export type Files = Readonly<Record<string, TestNode | string | undefined>>

export const release = '6.1.0-1-amd64'

export function file(content: string | Uint8Array, options: Options = {}): TestNode {
  const bytes = Buffer.from(content)
  return { type: 'file', mode: 0o644, uid: 0, gid: 0, size: bytes.length, content: bytes, ...options }
}
export const program = (content: string | Uint8Array, options: Options = {}) =>
  file(content, { mode: 0o755, ...options })
export const link = (target: string): TestNode => ({ type: 'symlink', mode: 0o777, uid: 0, gid: 0, target })
export const folder = (options: Options = {}): TestNode => directory(options)
export const device = (): TestNode => ({ type: 'character', mode: 0o600, uid: 0, gid: 0 })

type Directory = TestNode & { type: 'directory'; children: Map<string, TestNode> }

function directory(options: Options = {}): Directory {
  return { type: 'directory', mode: 0o755, uid: 0, gid: 0, ...options, children: new Map() }
}

/** A tree of the given files; later ones win. Text is a file. */
export function tree(...layers: readonly Files[]): TestNode {
  const all = Object.assign({}, ...layers) as Files
  const rootNode = all['']
  const root = directory(typeof rootNode === 'object' ? rootNode : {})
  root.children = new Map()
  for (const [path, given] of Object.entries(all)) {
    if (path === '' || given === undefined) continue
    const names = path.split('/')
    const name = names.pop() ?? ''
    let parent = root
    for (const part of names) {
      const next = parent.children.get(part) ?? directory()
      if (next.type !== 'directory') throw new Error(`${path}: "${part}" is no directory`)
      parent.children.set(part, next)
      parent = next as Directory
    }
    const node = typeof given === 'string' ? file(given) : given
    // Made before by something in it.
    if (node.type === 'directory' && parent.children.has(name)) continue
    parent.children.set(name, node.type === 'directory' ? directory(node) : node)
  }
  return root
}

/** The tree for the lint, and what was read of it. */
export function testTree(root: TestNode) {
  return nodeTree(root, async ({ content }, { offset, length }) => content.subarray(offset, offset + length))
}

/** An initial RAM disk like Debian's; `without` and `and` say how it differs. */
export function initrd(
  options: { readonly without?: RegExp; readonly and?: Readonly<Record<string, string>>; readonly of?: string } = {},
): Buffer {
  const modules = `usr/lib/modules/${options.of ?? release}/kernel`
  const contents: Record<string, string> = {
    init: '#!/bin/sh\n. /scripts/functions\n',
    [`${modules}/fs/fuse/fuse.ko`]: 'module',
    [`${modules}/fs/fuse/virtiofs.ko`]: 'module',
    [`${modules}/drivers/virtio/virtio_pci.ko.zst`]: 'module',
    'scripts/init-top/zos-rootdelay': '#!/bin/sh\necho ROOTDELAY= >> /conf/param.conf\n',
    'scripts/local': 'sleep "$ROOTDELAY"\n',
    ...options.and,
  }
  const entries = Object.entries(contents).filter(([name]) => !options.without?.test(name))
  return compress(
    'zstd',
    writeCpio(entries.map(([name, text]): CpioEntry => ({ name, mode: 0o100755, content: Buffer.from(text) }))),
  )
}

const mountPoints: Files = {
  dev: folder(),
  proc: folder(),
  sys: folder(),
  run: folder(),
  tmp: folder({ mode: 0o1777 }),
}

/** Programs begin like an ELF file. */
export const elfProgram = elfKernel({ pvh: false })

/** A virtual machine with nothing wrong. */
export const goodMachine: Files = {
  ...mountPoints,
  [`boot/vmlinuz-${release}`]: file(elfKernel({ release })),
  'boot/vmlinuz': link(`vmlinuz-${release}`),
  [`boot/initrd.img-${release}`]: file(initrd()),
  'boot/initrd.img': link(`initrd.img-${release}`),
  [`usr/lib/modules/${release}/modules.builtin`]: 'kernel/fs/ext4/ext4.ko\n',
  lib: link('usr/lib'),
  sbin: link('usr/sbin'),
  bin: link('usr/bin'),
  'usr/sbin/init': link('/lib/systemd/systemd'),
  'usr/lib/systemd/systemd': program(elfProgram),
  'usr/lib/systemd/systemd-networkd': program(elfProgram),
  'usr/lib/systemd/systemd-resolved': program(elfProgram),
  'usr/lib/systemd/system/cloud-init.service': '[Unit]\n',
  'usr/bin/cloud-init': program('#!/usr/bin/python3\n'),
  'usr/sbin/netplan': program('#!/usr/bin/python3\n'),
  'etc/cloud/cloud.cfg': 'users:\n  - default\n',
  'etc/cloud/cloud.cfg.d/99-zos.cfg': 'datasource_list: [ NoCloud, None ]\nlocale: C.UTF-8\n',
  'etc/machine-id': '',
  'etc/hostname': 'localhost\n',
  'etc/resolv.conf': link('../run/systemd/resolve/stub-resolv.conf'),
  'etc/shadow': 'root:*:19000:0:99999:7:::\n',
  'etc/ssh/sshd_config': '',
  'root/.bashrc': '',
}

/** A container with nothing wrong. */
export const goodContainer: Files = {
  ...mountPoints,
  'usr/sbin/init': program('#!/bin/sh\nexec /app\n'),
  sbin: link('usr/sbin'),
  'bin/busybox': program(elfProgram),
  'bin/sh': link('/bin/busybox'),
  app: program(elfProgram),
  'etc/resolv.conf': '',
  'etc/hostname': 'localhost\n',
}

/** A disk of four sectors and a table with an EFI system partition. */
export function diskImage(): Buffer {
  const disk = Buffer.alloc(64 * 512)
  disk.write('EFI PART', 512)
  disk.writeBigUInt64LE(2n, 512 + 72)
  disk.writeUInt32LE(4, 512 + 80)
  disk.writeUInt32LE(128, 512 + 84)
  Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex').copy(disk, 1024)
  return disk
}

export const goodImage: Files = { 'image.raw': file(diskImage()) }
