import { execFileSync } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { debianKernel } from '../../test/debian-kernels.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { bootDirectory } from '../boot/boot.ts'
import { cloudKernelPackage } from '../boot/distribution-kernel.ts'
import { bootstrapMachine } from '../machine/bootstrap-machine.ts'
import { convertCloudImage } from './cloud-image.ts'
import { makeDiskImage } from './make-disk-image.ts'

// A bootstrap, and a machine in emulation on a machine that does other things.
const patience = 1_700_000

test('Debian on a disk, by way of a qcow2, starts to cloud-init and SSH and grows to the disk it is on', {
  timeout: patience,
}, async () => {
  await using folder = await temporaryFolder()
  const at = (...names: string[]) => join(folder.path, ...names)
  await bootstrapMachine({
    release: 'bookworm',
    components: ['main'],
    kernel: cloudKernelPackage,
    include: ['cloud-guest-utils', 'e2fsprogs'],
    directory: at('machine'),
    packagedKernel: at('vmlinuz'),
    sourceDateEpoch: 1_700_000_000,
  })
  const { growsToDisk, bytes } = await makeDiskImage(at('machine'), at('disk.raw'), { kernel: at('vmlinuz') })
  expect(growsToDisk).toBe(true)
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', at('disk.raw'), at('cloud.qcow2')])
  await mkdir(at('root'))
  expect(await convertCloudImage(at('cloud.qcow2'), at('root', 'image.raw'), { largest: bytes })).toBe(bytes)
  execFileSync('cmp', [at('disk.raw'), at('root', 'image.raw')])
  await rm(at('disk.raw'))

  const report = await bootDirectory(at('root'), {
    containerKernel: () => debianKernel(cloudKernelPackage),
    temporary: folder.path,
    checks: [
      { kind: 'service', service: 'ssh' },
      { kind: 'command', command: 'cloud-init status', expect: 'status: done' },
      { kind: 'command', command: 'findmnt --noheadings --output FSTYPE /', expect: 'ext4' },
      // Of the 4 GiB of the user's disk.
      { kind: 'command', command: 'test $(findmnt --noheadings --bytes --output SIZE /) -gt 3500000000' },
    ],
  })
  expect(report).toMatchObject({ mode: 'image', outcome: 'ready', reason: undefined })
  expect(report.stages.map(({ stage }) => stage)).toEqual(['kernel', 'initrd', 'init', 'login', 'cloud-init', 'ssh'])
})
