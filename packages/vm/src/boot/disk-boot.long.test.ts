import { execFileSync } from 'node:child_process'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { debianKernel } from '../../test/debian-kernels.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { bootDirectory } from './boot.ts'
import { buildContainerInitrd } from './container-initrd.ts'
import { cloudKernelPackage } from './distribution-kernel.ts'

const containerKernel = () => debianKernel(cloudKernelPackage)
const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'pipe' })

/** A disk with an EFI system partition from which the firmware's shell starts a kernel. */
async function writeDisk(folder: string, image: string): Promise<void> {
  const { vmlinuz, modules } = await containerKernel()
  const partition = join(folder, 'esp')
  await writeFile(partition, '')
  await truncate(partition, 64 << 20)
  await writeFile(join(folder, 'initrd'), await buildContainerInitrd(modules, '/bin/busybox'))
  await writeFile(join(folder, 'startup.nsh'), 'fs0:\r\nlinux.efi console=ttyS0 panic=1 initrd=\\initrd\r\n')
  run('mkfs.fat', '-F', '32', partition)
  for (const [source, name] of [
    [vmlinuz, 'linux.efi'],
    [join(folder, 'initrd'), 'initrd'],
    [join(folder, 'startup.nsh'), 'startup.nsh'],
  ] as const)
    run('mcopy', '-i', partition, source, `::${name}`)
  await writeFile(image, '')
  await truncate(image, 72 << 20)
  run('sgdisk', '--new=1:2048:+64M', '--typecode=1:ef00', image)
  run('dd', `if=${partition}`, `of=${image}`, 'bs=1M', 'seek=1', 'conv=notrunc')
}

// Firmware in emulation on a machine that does other things.
const patience = 1_200_000

test('image.raw is copied to a disk that is large enough, and its firmware starts it', {
  timeout: patience,
}, async () => {
  await using folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  await mkdir(root)
  await writeDisk(folder.path, join(root, 'image.raw'))
  const options = { containerKernel, temporary: folder.path }
  await expect(bootDirectory(root, { ...options, diskSize: 64 << 20 })).rejects.toMatchObject({
    code: 'boot-failed',
    message: expect.stringContaining(`image size is bigger than disk: ${72 << 20} bytes do not fit in ${64 << 20}; `),
  })
  // There is no virtiofs in this mode, which is where the initial RAM disk for containers ends.
  const report = await bootDirectory(root, options)
  expect(report).toMatchObject({ mode: 'image', outcome: 'failed' })
  expect(report.stages.map(({ stage }) => stage)).toEqual(['kernel', 'initrd'])
  expect(report.console.map(({ text }) => text)).toContain('Failed to mount vroot as root. Bailing out')
})
