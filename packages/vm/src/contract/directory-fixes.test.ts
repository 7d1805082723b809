import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bzImage, elfKernel, kernelPayload } from '../../test/kernels.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { type Files, file, folder, goodContainer, goodMachine, link, program, release, tree } from '../../test/trees.ts'
import { writeTree } from '../../test/written-tree.ts'
import { fixDirectory } from './directory-fixes.ts'

const bzImageKernel = bzImage(kernelPayload('xz', elfKernel({ release })), release)

/** Writes a tree, fixes it, and tells what was done and what is found after that. */
async function fix(files: Files, root: string, buildHost = 'builder') {
  await writeTree(tree(files), root)
  const { fixed, report } = await fixDirectory(root, { buildHost })
  return {
    fixed: fixed.map(({ code, path, change }) => `${code} /${path}: ${change}`),
    left: report.findings.map(({ code }) => code),
  }
}

test.each<[Files, string]>([
  [
    { 'boot/vmlinuz': link(`/boot/vmlinuz-${release}`) },
    `boot-link-absolute /boot/vmlinuz: linked to vmlinuz-${release}`,
  ],
  [
    { 'boot/vmlinuz': undefined, 'boot/initrd.img': undefined },
    `kernel-not-linked /boot/vmlinuz: linked vmlinuz-${release} and initrd.img-${release}`,
  ],
  [
    { [`boot/vmlinuz-${release}`]: file(bzImageKernel) },
    `kernel-compressed /boot/vmlinuz-${release}: unpacked from xz: ${elfKernel({ release }).length} bytes`,
  ],
  [{ 'var/lib/cloud/instances/x/obj.pkl': '' }, 'cloud-init-ran /var/lib/cloud/instances: removed'],
  [
    { 'etc/cloud/cloud.cfg.d/99-zos.cfg': undefined, 'etc/cloud/cloud.cfg': 'datasource_list: [ Ec2 ]\n' },
    'cloud-init-datasource /etc/cloud/cloud.cfg: wrote /etc/cloud/cloud.cfg.d/99-zos.cfg',
  ],
  [
    { 'etc/cloud/cloud.cfg.d/99-zos.cfg': undefined },
    'cloud-init-locale /etc/cloud/cloud.cfg: wrote /etc/cloud/cloud.cfg.d/99-zos.cfg',
  ],
  [{ tmp: undefined }, 'directory-missing /tmp: made'],
  [{ 'dev/null': '', 'dev/pts/x': '' }, 'directory-not-empty /dev: removed 2 entries'],
  [{ 'etc/machine-id': 'abc\n' }, 'machine-id-set /etc/machine-id: made an empty file'],
  [{ 'etc/machine-id': undefined }, 'machine-id-missing /etc/machine-id: made an empty file'],
  [{ 'etc/ssh/ssh_host_rsa_key': 'x' }, 'host-keys /etc/ssh: removed 1 entries'],
  [{ 'etc/hostname': 'builder\n' }, 'hostname-foreign /etc/hostname: wrote localhost'],
  [{ 'etc/resolv.conf': 'nameserver 10.0.0.1\n' }, 'resolv-conf-private /etc/resolv.conf: made an empty file'],
  [{ '': folder({ mode: 0o700 }) }, 'root-attributes /: set owner and mode'],
  [
    { 'var/lib/apt/lists/a_Packages': '', 'var/lib/apt/lists/lock': '' },
    'package-lists /var/lib/apt/lists: removed 1 entries',
  ],
  [{ 'var/cache/apt/archives/a.deb': '' }, 'package-cache /var/cache/apt/archives: removed 1 entries'],
  [{ '.dockerenv': '' }, 'docker-marker /.dockerenv: removed'],
  [{ 'usr/sbin/policy-rc.d': program('#!/bin/sh\nexit 101\n') }, 'services-denied /usr/sbin/policy-rc.d: removed'],
])('%#: is fixed, and only that: %s', async (change, expected) => {
  await using temporary = await temporaryFolder()
  const { fixed, left } = await fix({ ...goodMachine, ...change }, join(temporary.path, 'root'))
  expect(fixed[0]).toBe(expected)
  expect(left).toEqual([])
})

test('a resolver that is a link is replaced and not followed', async () => {
  await using temporary = await temporaryFolder()
  const outside = join(temporary.path, 'outside')
  await writeFile(outside, 'of the machine')
  const root = join(temporary.path, 'root')
  const { fixed, left } = await fix({ ...goodContainer, 'etc/resolv.conf': link(outside) }, root)
  expect(fixed).toEqual(['resolv-conf-link /etc/resolv.conf: made an empty file'])
  expect(left).toEqual([])
  expect(await readFile(outside, 'utf8')).toBe('of the machine')
  expect((await lstat(join(root, 'etc/resolv.conf'))).isFile()).toBe(true)
})

test('a host name that is a link is replaced and not followed', async () => {
  await using temporary = await temporaryFolder()
  const outside = join(temporary.path, 'outside')
  await writeFile(outside, 'of the machine')
  const root = join(temporary.path, 'root')
  // In the tree the link leads to the builder's name, on this machine to a file of it.
  const change = { 'etc/hostname': link(outside), [outside.slice(1)]: 'builder\n' }
  const { fixed } = await fix({ ...goodMachine, ...change }, root)
  expect(fixed).toEqual(['hostname-foreign /etc/hostname: wrote localhost'])
  expect(await readFile(outside, 'utf8')).toBe('of the machine')
  expect(await readFile(join(root, 'etc/hostname'), 'utf8')).toBe('localhost\n')
})

test('a link where the kernel is unpacked to is not followed', async () => {
  await using temporary = await temporaryFolder()
  const outside = join(temporary.path, 'outside')
  await writeFile(outside, 'of the machine')
  const root = join(temporary.path, 'root')
  const kernel = `boot/vmlinuz-${release}`
  const { left } = await fix(
    { ...goodMachine, [kernel]: file(bzImageKernel), [`${kernel}.partial`]: link(outside) },
    root,
  )
  expect(left).toEqual([])
  expect(await readFile(outside, 'utf8')).toBe('of the machine')
})

test('a directory that is a link is not entered', async () => {
  await using temporary = await temporaryFolder()
  const outside = join(temporary.path, 'outside')
  await mkdir(outside)
  await writeFile(join(outside, 'hostname'), 'builder\n')
  const root = join(temporary.path, 'root')
  // Seen by the guest in /srv, where an absolute link leads; on this machine it leads elsewhere.
  const change = { etc: link(outside), [`${outside.slice(1)}/hostname`]: 'builder\n' }
  const machine = Object.fromEntries(Object.entries(goodMachine).filter(([path]) => !path.startsWith('etc/')))
  const { left } = await fix({ ...machine, ...change }, root)
  expect(left).toContain('hostname-foreign')
  expect(await readFile(join(outside, 'hostname'), 'utf8')).toBe('builder\n')
})

test('what takes a decision is left', async () => {
  await using temporary = await temporaryFolder()
  const root = join(temporary.path, 'root')
  const change = {
    'root/.ssh/authorized_keys': 'ssh-ed25519 A\n',
    'etc/cloud/cloud-init.disabled': '',
    'boot/vmlinuz': undefined,
    'boot/vmlinuz-6.2': 'another kernel',
  }
  const { fixed, left } = await fix({ ...goodMachine, ...change, 'etc/resolv.conf': '' }, root)
  expect(fixed).toEqual([])
  expect(left).toEqual(['kernel-not-linked', 'cloud-init-disabled', 'authorized-keys'])
  expect(await readdir(join(root, 'boot'))).not.toContain('vmlinuz')
})

test('an absolute link that leads nowhere is left', async () => {
  await using temporary = await temporaryFolder()
  const root = join(temporary.path, 'root')
  const { fixed } = await fix({ ...goodMachine, 'boot/vmlinuz': link('/boot/nothing') }, root)
  expect(fixed).not.toContainEqual(expect.stringContaining('boot-link-absolute'))
  expect(await readlink(join(root, 'boot/vmlinuz'))).toBe('/boot/nothing')
})
