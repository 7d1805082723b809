import { chmod, mkdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AptRepository, essentialPackage, type TestPackage } from '../../test/apt-repository.ts'
import { bzImage, elfKernel, kernelPayload } from '../../test/kernels.ts'
import { createPacmanRepository } from '../../test/pacman-repository.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { elfProgram, file, initrd, program } from '../../test/trees.ts'
import { bootstrapMachine, type MachineOptions } from './bootstrap-machine.ts'

const release = '6.12.1-arch1-1'

/** What Arch Linux has, as far as a machine is made of it. */
const packages: readonly TestPackage[] = [
  {
    ...essentialPackage,
    name: 'base',
    files: {
      ...essentialPackage.files,
      'usr/sbin/init': program(elfProgram),
      'usr/lib/systemd/systemd': program(elfProgram),
      'usr/lib/systemd/systemd-networkd': program(elfProgram),
      'usr/lib/systemd/systemd-resolved': program(elfProgram),
      'usr/bin/systemctl': program('#!/bin/sh\necho "$@" >> /var/lib/systemctl\n'),
      'var/lib/systemctl': '',
    },
  },
  ...['mkinitcpio', 'iproute2', 'ca-certificates', 'curl', 'iputils'].map((name) => ({ name })),
  { name: 'openssh', files: { 'etc/ssh/sshd_config': '', 'etc/ssh/ssh_host_rsa_key': 'of the builder' } },
  { name: 'netplan', files: { 'usr/bin/netplan': program('#!/bin/sh\n') } },
  {
    name: 'cloud-init',
    files: {
      'usr/bin/cloud-init': program('#!/bin/sh\necho "$@" > /var/lib/cleaned\n'),
      'usr/lib/systemd/system/cloud-init.service': '[Unit]\n',
      'etc/cloud/cloud.cfg': 'users: [default]\n',
      'var/lib/cleaned': '',
    },
  },
  {
    name: 'linux',
    files: {
      'boot/vmlinuz-linux': file(bzImage(kernelPayload('zstd', elfKernel({ release })), release)),
      'boot/initramfs-linux.img': file(initrd({ of: release })),
      [`usr/lib/modules/${release}/modules.builtin`]: '',
    },
  },
]

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let archive: AptRepository
let isForged = false
beforeAll(async () => {
  folder = await temporaryFolder()
  await chmod(folder.path, 0o755)
  const path = join(folder.path, 'archive')
  await mkdir(path)
  archive = await createPacmanRepository(path, 'core', packages, (path, response) => {
    const bytes = archive.files.get(path)
    if (!isForged || !bytes || !path.endsWith('/base-1-1-x86_64.pkg.tar')) return false
    response.end(Buffer.from(bytes).fill(0, 100_000, 200_000))
    return true
  })
})
afterAll(async () => {
  await archive.close()
  await folder[Symbol.asyncDispose]()
})

function machine(changes: Partial<MachineOptions> = {}) {
  return bootstrapMachine({
    distribution: 'arch',
    release: 'rolling',
    components: ['core'],
    kernel: 'linux',
    include: ['curl', 'iputils'],
    mirror: archive.url,
    keyring: archive.keyring,
    sourceDateEpoch: 1_700_000_000,
    directory: join(folder.path, 'machine'),
    steps: [{ kind: 'command', commands: [{ text: 'echo done > /etc/step', place: 'vm.yaml:1:1' }], environment: {} }],
    ...changes,
  })
}

test('a machine of Arch Linux from an archive of that format: packages, hooks, kernel, nothing wrong with it', async () => {
  const { directory, report } = await machine()
  expect(report.findings).toEqual([])
  expect(report.kernelRelease).toBe(release)
  const read = (path: string) => readFile(join(directory, path), 'utf8')
  for (const { name } of packages)
    expect(await read(`var/lib/pacman/local/${name}-1-1/desc`)).toContain(`%NAME%\n${name}\n`)
  expect(await read('var/lib/systemctl')).toBe('preset-all\n')
  expect(await read('var/lib/cleaned')).toBe('clean --logs --seed\n')
  expect(await read('etc/step')).toBe('done\n')
  expect(await readlink(join(directory, 'boot/vmlinuz'))).toBe('vmlinuz-linux')
  expect(await readlink(join(directory, 'boot/initrd.img'))).toBe('initramfs-linux.img')
})

test('a package that the archive does not have', async () => {
  await expect(machine({ include: ['crul'] })).rejects.toMatchObject({ failure: 'packages', packages: ['crul'] })
})

test('a package that was changed after it was signed', async () => {
  isForged = true
  await expect(machine()).rejects.toMatchObject({ failure: 'signature' })
})
