import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { chooseAccelerator } from './accelerator.ts'
import { findFirmware, requireTool, virtiofsdCommand } from './machine-tools.ts'

test.each([
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['qemu-img', 'qemu-utils'],
  ['mke2fs', 'e2fsprogs'],
  ['sfdisk', 'fdisk'],
  ['grub-mkimage', 'grub-common'],
  ['mkfs.fat', 'dosfstools'],
  ['mcopy', 'mtools'],
  ['ssh-keygen', 'openssh-client'],
])('without %s the package to install is named: %s', async (name, debianPackage) => {
  await expect(requireTool(name, ['/nonexistent'])).rejects.toMatchObject({
    code: 'tool-missing',
    debianPackage,
    message: `boot: there is no program "${name}" on this machine; install it (apt-get install ${debianPackage})`,
  })
})

test('without virtiofsd and without firmware, too', async () => {
  await expect(virtiofsdCommand('s', 'd', [])).rejects.toThrow(
    'boot: there is no program "virtiofsd" on this machine; install it (apt-get install qemu-system-common (Debian 12, Ubuntu 22.04) or virtiofsd (later))',
  )
  await expect(findFirmware([])).rejects.toMatchObject({ code: 'tool-missing', debianPackage: 'ovmf' })
})

test('both daemons get the socket and the directory as they want them', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'virtiofsd')
  await writeFile(path, '')
  await chmod(path, 0o755)
  const c = await virtiofsdCommand('/s', '/d', [
    { path: '/nonexistent', isRust: true },
    { path, isRust: false },
  ])
  expect(c.slice(0, 4)).toEqual([path, '--socket-path=/s', '-o', 'source=/d'])
  const rust = await virtiofsdCommand('/s', '/d', [{ path, isRust: true }])
  expect(rust.slice(0, 5)).toEqual([path, '--socket-path', '/s', '--shared-dir', '/d'])
})

test('a machine without KVM emulates, and says why', async () => {
  const modules = ['/nonexistent/kvm_intel', '/nonexistent/kvm_amd']
  expect(await chooseAccelerator('/none', undefined, { device: '/nonexistent/kvm', modules })).toEqual({
    name: 'tcg',
    reason: '/nonexistent/kvm is not there or may not be opened',
  })
  expect(await chooseAccelerator('/none', undefined, { device: '/dev/null', modules })).toEqual({
    name: 'tcg',
    reason: 'neither kvm_intel nor kvm_amd is loaded',
  })
})
