import { execFileSync } from 'node:child_process'
import { lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { debianKernel } from '../../test/debian-kernels.ts'
import { elfKernel } from '../../test/kernels.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { type Files, file, initrd, link, tree } from '../../test/trees.ts'
import { writeTree } from '../../test/written-tree.ts'
import { cloudKernelPackage } from '../boot/distribution-kernel.ts'
import { directoryTree } from '../contract/directory-tree.ts'
import { lintTree } from '../contract/lint.ts'
import { type DiskImageOptions, makeDiskImage } from './make-disk-image.ts'

const kernel = () => debianKernel(cloudKernelPackage)
/** Debugfs and mtools look into the partitions where they are. */
const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' })

/** A tree whose initial RAM disk has what a disk needs; the kernel is unpacked, as in a machine. */
async function machine(): Promise<Files> {
  const { release } = await kernel()
  const modules = `usr/lib/modules/${release}/kernel`
  const drivers = { [`${modules}/virtio_blk.ko`]: 'module', [`${modules}/ext4.ko`]: 'module' }
  return {
    [`boot/vmlinuz-${release}`]: file(elfKernel({ release })),
    'boot/vmlinuz': link(`vmlinuz-${release}`),
    'boot/initrd.img': file(initrd({ of: release, and: drivers })),
    'etc/secret': file('of a user', { mode: 0o640, uid: 1234, gid: 5678 }),
    'usr/bin/a': file('#!/bin/sh\n', { mode: 0o4755 }),
    'usr/bin/b': link('a'),
  }
}

async function made(files: Files, options: DiskImageOptions = {}) {
  const folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  const output = join(folder.path, 'disk', 'image.raw')
  await writeTree(tree(files), root)
  await mkdir(join(folder.path, 'disk'))
  return { folder, root, output, make: () => makeDiskImage(root, output, options) }
}

test('a tree becomes a disk that the contract accepts, with owners and modes, GRUB and a kernel GRUB starts', async () => {
  const { vmlinuz, release } = await kernel()
  const { folder, root, output, make } = await made(await machine(), { kernel: vmlinuz })
  await using _ = folder
  const before = await lstat(join(root, `boot/vmlinuz-${release}`))
  const { layout, bytes, growsToDisk } = await make()
  expect([bytes, growsToDisk]).toEqual([(await lstat(output)).size, false])

  const { mode, findings } = await lintTree(directoryTree(join(folder.path, 'disk')), { expected: 'image' })
  expect([mode, ...findings.map(({ code }) => code)]).toEqual(['image', 'image-raw-large'])
  const place = `${output}?offset=${layout.root.offset}`
  expect(run('e2fsck', '-fn', place)).toContain('cloud-root: ')
  const stat = (path: string) => run('debugfs', '-R', `stat ${path}`, place).replace(/\s+/g, ' ')
  expect(stat('/etc/secret')).toMatch(/Type: regular Mode: 0640 .*User: 1234 Group: 5678/)
  expect(stat('/usr/bin/a')).toMatch(/Mode: 04755 .*Links: 1 /)
  expect(stat('/usr/bin/b')).toContain('Fast link dest: "a"')
  expect(stat(`/boot/vmlinuz-${release}`)).toContain(`Size: ${(await lstat(vmlinuz)).size} `)

  const uuid = /Filesystem UUID: +(\S+)/.exec(run('dumpe2fs', '-h', place))?.[1] ?? 'none'
  expect(run('debugfs', '-R', 'cat /boot/grub/grub.cfg', place)).toContain(`root=UUID=${uuid} rw console=ttyS0`)
  const grub = run('mdir', '-b', '-i', `${output}@@${layout.system.offset}`, '::EFI/BOOT')
  expect(grub.trim()).toBe('::/EFI/BOOT/BOOTX64.EFI')

  // The tree is as it was, and nothing is left beside the disk.
  expect(await readdir(join(folder.path, 'disk'))).toEqual(['image.raw'])
  expect(await readdir(join(root, 'boot'))).not.toContain('grub')
  expect(await lstat(join(root, `boot/vmlinuz-${release}`))).toMatchObject({
    size: before.size,
    ino: before.ino,
    nlink: 1,
  })
})

test.each<[string, (files: Files) => Files, string]>([
  [
    'without a kernel',
    (files) => ({ ...files, 'boot/vmlinuz': undefined }),
    'there is no /boot/vmlinuz and no /vmlinuz; install a kernel in it, or publish it as a container',
  ],
  [
    'with an unpacked kernel',
    (files) => files,
    'is no bzImage, and GRUB starts no other; give the kernel as its package has it',
  ],
])('a tree %s is told', async (_name, change, message) => {
  const { folder, output, make } = await made(change(await machine()))
  await using _ = folder
  await expect(make()).rejects.toMatchObject({ code: 'disk-image', message: expect.stringContaining(message) })
  await expect(lstat(output)).rejects.toThrow('ENOENT')
})

test('an initial RAM disk without drivers of disks is told', async () => {
  const { vmlinuz: packaged, release } = await kernel()
  const files = { ...(await machine()), 'boot/initrd.img': file(initrd({ of: release })) }
  const { folder, make } = await made(files, { kernel: packaged })
  await using _ = folder
  const remedy = 'add them to /etc/initramfs-tools/modules'
  await expect(make()).rejects.toThrow(`boot/initrd.img: has no virtio_blk, ext4; ${remedy}`)
})
