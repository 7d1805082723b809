import { execFileSync } from 'node:child_process'
import { access, lstat, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { machineHooks } from './machine-hooks.ts'

const runHook = (script: string, root: string) => execFileSync('sh', ['-c', script, 'hook', root])

test('before the packages: what the initial RAM disk is made with', async () => {
  await using folder = await temporaryFolder()
  runHook(machineHooks([]).setup, folder.path)
  expect(await readFile(join(folder.path, 'etc/initramfs-tools/modules'), 'utf8')).toBe('virtiofs\nvirtio_pci\n')
  const script = join(folder.path, 'etc/initramfs-tools/scripts/init-top/zos-rootdelay')
  expect((await stat(script)).mode & 0o777).toBe(0o755)
  expect(execFileSync(script, ['prereqs'], { encoding: 'utf8' })).toBe('')
})

/** A root with a shell and what a distribution has where the hook works. */
async function makeRoot(root: string): Promise<void> {
  const ofBuilder = [
    'etc/hostname',
    'etc/resolv.conf',
    'etc/machine-id',
    'etc/ssh/ssh_host_rsa_key',
    'var/log/dpkg.log',
  ]
  const places = ['bin/x', 'etc/initramfs-tools/x', 'etc/cloud/cloud.cfg.d/x', 'var/lib/cloud/instances/x', 'dev/null']
  for (const path of [...ofBuilder, ...places]) {
    await mkdir(join(root, dirname(path)), { recursive: true })
    await writeFile(join(root, path), 'of the builder\n')
  }
  await writeFile(join(root, 'bin/busybox'), await readFile('/bin/busybox'), { mode: 0o755 })
  for (const applet of ['sh', 'mkdir', 'base64', 'chmod', 'dirname'])
    await symlink('busybox', join(root, 'bin', applet))
}

test('users have what is theirs, before the files are written', async () => {
  await using folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  await makeRoot(root)
  for (const applet of ['cat', 'chown']) await symlink('busybox', join(root, 'bin', applet))
  await writeFile(join(root, 'etc/passwd'), 'web:x:1234:1234::/home/web:/bin/sh\n')
  await writeFile(join(root, 'etc/group'), 'web:x:1234:\n')
  await writeFile(join(root, 'etc/passwd-'), '')
  await writeFile(join(root, 'bin/useradd'), '#!/bin/sh\necho "$@" >> /calls\n', { mode: 0o755 })
  const web = { name: 'web', uid: 1234, groups: ['docker', 'adm'], shell: '/bin/sh', keys: ['ssh-ed25519 AAAA me'] }
  const plain = { name: 'plain', groups: [], shell: '/bin/bash', keys: [] }
  runHook(machineHooks([], [web, plain]).customize, root)
  expect(await readFile(join(root, 'calls'), 'utf8')).toBe(
    '--create-home --user-group --uid 1234 --groups docker,adm --shell /bin/sh web\n' +
      '--create-home --user-group --shell /bin/bash plain\n',
  )
  const keys = join(root, 'home/web/.ssh/authorized_keys')
  expect(await readFile(keys, 'utf8')).toBe('ssh-ed25519 AAAA me\n')
  const { uid, gid, mode } = await stat(keys)
  expect([uid, gid, mode & 0o777]).toEqual([1234, 1234, 0o600])
  await expect(access(join(root, 'etc/passwd-'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('after the packages: nothing of this machine, the data source, the files of the definition', async () => {
  await using folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  await makeRoot(root)
  const outside = join(folder.path, 'outside')
  await mkdir(outside)
  // In the machine it is a folder of the machine.
  await mkdir(join(root, outside), { recursive: true })
  await symlink(outside, join(root, 'out'))
  const binary = Buffer.from([0, 1, 255, 39, 10])
  const files = [
    { target: "/srv/it's/a", mode: 0o640, content: binary },
    { target: '/etc/motd', mode: 0o644, content: Buffer.from('END\n'.repeat(100)) },
    { target: '/out/x', mode: 0o644, content: binary },
  ]
  runHook(machineHooks(files).customize, root)
  expect(await readFile(join(root, "srv/it's/a"))).toEqual(binary)
  expect((await lstat(join(root, "srv/it's/a"))).mode & 0o777).toBe(0o640)
  expect(await readFile(join(root, 'etc/motd'), 'utf8')).toBe('END\n'.repeat(100))
  expect(await readFile(join(root, outside, 'x'))).toEqual(binary)
  await expect(access(join(outside, 'x'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await readFile(join(root, 'etc/hostname'), 'utf8')).toBe('localhost\n')
  expect(await readFile(join(root, 'etc/machine-id'), 'utf8')).toBe('')
  expect(await readlink(join(root, 'etc/resolv.conf'))).toBe('../run/systemd/resolve/stub-resolv.conf')
  expect(await readFile(join(root, 'etc/cloud/cloud.cfg.d/99-zos.cfg'), 'utf8')).toContain(
    'datasource_list: [ NoCloud, None ]\n',
  )
  expect(await readFile(join(root, 'etc/default/locale'), 'utf8')).toBe('LANG=C.UTF-8\n')
  for (const path of ['etc/ssh/ssh_host_rsa_key', 'var/log/dpkg.log', 'var/lib/cloud/instances'])
    await expect(access(join(root, path)), path).rejects.toMatchObject({ code: 'ENOENT' })
})
