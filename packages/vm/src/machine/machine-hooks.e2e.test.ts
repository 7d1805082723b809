import { execFileSync, spawnSync } from 'node:child_process'
import { access, copyFile, lstat, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { machineHooks } from './machine-hooks.ts'
import type { PreparedStep } from './machine-step.ts'

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
  const places = ['bin/x', 'etc/initramfs-tools/x', 'etc/cloud/cloud.cfg.d/x', 'dev/null']
  for (const path of [...ofBuilder, ...places]) {
    await mkdir(join(root, dirname(path)), { recursive: true })
    await writeFile(join(root, path), 'of the builder\n')
  }
  await writeFile(join(root, 'bin/busybox'), await readFile('/bin/busybox'), { mode: 0o755 })
  await mkdir(join(root, 'usr/bin'), { recursive: true })
  await writeFile(join(root, 'usr/bin/cloud-init'), '#!/bin/sh\necho "$0 $@" >> /cleaned\n', { mode: 0o755 })
  for (const applet of ['sh', 'mkdir', 'base64', 'chmod', 'chown', 'dirname', 'env', 'cat'])
    await symlink('busybox', join(root, 'bin', applet))
}

test('users have what is theirs, before the files are written', async () => {
  await using folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  await makeRoot(root)
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
  const file = (target: string, mode: number, content: Buffer) => ({ kind: 'file' as const, target, mode, content })
  const files = [
    file("/srv/it's/a", 0o640, binary),
    file('/etc/motd', 0o644, Buffer.from('END\n'.repeat(100))),
    file('/out/x', 0o644, binary),
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
  expect(await readFile(join(root, 'cleaned'), 'utf8')).toBe('/usr/bin/cloud-init clean --logs --seed\n')
  for (const path of ['etc/ssh/ssh_host_rsa_key', 'var/log/dpkg.log'])
    await expect(access(join(root, path)), path).rejects.toMatchObject({ code: 'ENOENT' })
})

/** Runs the steps; stderr, where the commands say what they do, is the last element. */
function runSteps(
  steps: readonly PreparedStep[],
  root: string,
): { readonly code: number | null; readonly said: string } {
  const { status, stderr } = spawnSync('sh', ['-c', machineHooks(steps).customize, join(root, '../hook'), root], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, http_proxy: 'http://proxy.example', SOURCE_DATE_EPOCH: '7' },
  })
  return { code: status, said: stderr }
}

test('commands run in the root, one after the other in one shell, with the variables of the definition and the proxy', async () => {
  await using folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  await makeRoot(root)
  const commands = [
    { text: 'cd /srv; name=world', place: 'a.yaml:1:1' },
    { text: 'echo "$PWD $name $GREETING $http_proxy $SOURCE_DATE_EPOCH $HOME" > seen # it\'s', place: 'a.yaml:2:1' },
  ]
  await mkdir(join(root, 'srv'))
  const step = { kind: 'command', commands, environment: { GREETING: `it's "$x"` } } as const
  expect(runSteps([step], root)).toMatchObject({ code: 0, said: expect.stringContaining('I: running a.yaml:1:1\n') })
  expect(await readFile(join(root, 'srv/seen'), 'utf8')).toBe(`/srv world it's "$x" http://proxy.example 7 /root\n`)
})

test.each([
  ['fails', 'false', 1],
  ['ends the shell', 'exit 3', 3],
  ['is not there', 'nothing-like-it', 127],
])('a command that %s is told with its place, and nothing comes after it', async (_what, text, code) => {
  await using folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  await makeRoot(root)
  const commands = [
    { text: 'true', place: 'a.yaml:1:1' },
    { text, place: 'a.yaml:2:1' },
    { text: 'echo > /after', place: 'a.yaml:3:1' },
  ]
  const { code: ended, said } = runSteps([{ kind: 'command', commands, environment: {} }], root)
  expect(ended).toBe(code)
  expect(said).toContain(`E: a.yaml:2:1: the command ended with exit code ${code}\n`)
  await expect(access(join(root, 'after'))).rejects.toMatchObject({ code: 'ENOENT' })
})

/** GNU tar, which every distribution here has, and what it is linked with. */
async function addTar(root: string): Promise<void> {
  const libraries = execFileSync('ldd', ['/bin/tar'], { encoding: 'utf8' }).match(/\/\S+/g) ?? []
  for (const path of ['/bin/tar', ...libraries]) {
    await mkdir(join(root, dirname(path)), { recursive: true })
    await copyFile(path, join(root, path))
  }
}

test('downloads: a file, and an archive whose files belong to root and which changes no folder that is there', async () => {
  await using folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  await makeRoot(root)
  await addTar(root)
  const path = join(folder.path, 'archive.tar.gz')
  await mkdir(join(folder.path, 'tool-1/bin'), { recursive: true })
  await writeFile(join(folder.path, 'tool-1/bin/tool'), 'binary', { mode: 0o755 })
  await symlink('bin/tool', join(folder.path, 'tool-1/link'))
  execFileSync('tar', ['-C', folder.path, '--owner=1234', '--group=1234', '-czf', path, 'tool-1'])
  await mkdir(join(root, 'opt/tool'), { recursive: true, mode: 0o755 })
  const from = { kind: 'download', url: 'x', sha256: 'x', place: 'x', path } as const
  const steps = [
    { ...from, target: '/usr/local/bin/raw', mode: 0o4755 },
    { ...from, target: '/opt/tool', mode: 0o644, archive: { format: 'tar', strip: 1 } } as const,
  ]
  expect(runSteps(steps, root)).toMatchObject({ code: 0 })
  expect(await readFile(join(root, 'usr/local/bin/raw'))).toEqual(await readFile(path))
  expect((await stat(join(root, 'usr/local/bin/raw'))).mode & 0o7777).toBe(0o4755)
  const { uid, gid, mode } = await stat(join(root, 'opt/tool/bin/tool'))
  expect([uid, gid, mode & 0o777]).toEqual([0, 0, 0o755])
  expect(await readlink(join(root, 'opt/tool/link'))).toBe('bin/tool')
  expect((await stat(join(root, 'opt/tool'))).mode & 0o777).toBe(0o755)
})

test('a file of somebody keeps its bits', async () => {
  await using folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  await makeRoot(root)
  await writeFile(join(root, 'etc/passwd'), 'web:x:1234:1234::/:/bin/sh\n')
  await writeFile(join(root, 'etc/group'), 'web:x:1234:\n')
  const file = { kind: 'file', target: '/srv/a', mode: 0o4750, owner: 'web:web', content: Buffer.from('a') } as const
  expect(runSteps([file], root)).toMatchObject({ code: 0 })
  const { uid, gid, mode } = await stat(join(root, 'srv/a'))
  expect([uid, gid, mode & 0o7777]).toEqual([1234, 1234, 0o4750])
})
