import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary-folder.ts'
import type { BootstrapOptions } from './bootstrap-options.ts'
import { archHooks } from './machine/arch-machine.ts'
import { machineHooks } from './machine/machine-hooks.ts'
import { pacstrapCommand } from './pacstrap-command.ts'
import { createWorkFolder } from './work-folder.ts'

const options: BootstrapOptions = {
  release: 'rolling',
  components: ['core', 'extra'],
  include: ['base', 'linux'],
  sourceDateEpoch: 1000,
  output: '/o.tar',
}

/** Makes what the packages would; its other arguments and the configuration are noted. */
const pacstrap = `#!/bin/sh
echo "$*" > "$LOG"
cat "$2" >> "$LOG"
cat "$5/etc/mkinitcpio.conf.d/zos.conf" >> "$LOG"
cd "$5"
mkdir -p boot dev/x usr/bin etc/ssh var/cache/pacman/pkg var/lib/pacman/sync var/log
touch var/cache/pacman/pkg/linux.zst etc/ssh/ssh_host_rsa_key
printf '' > usr/bin/cloud-init
chmod 755 usr/bin/cloud-init
echo of the builder > etc/machine-id
echo of the builder > var/log/pacman.log
`

test('first hook, packages, last hook, tar', async () => {
  await using temporary = await temporaryFolder()
  const bin = join(temporary.path, 'bin')
  const log = join(temporary.path, 'log')
  await mkdir(bin)
  await writeFile(join(bin, 'pacstrap'), pacstrap)
  await writeFile(join(bin, 'chroot'), '#!/bin/sh\nshift\necho "in the root: $*" >> "$LOG"\n')
  for (const name of ['mount', 'umount']) await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $*" >> "$LOG"\n`)
  for (const name of ['pacstrap', 'chroot', 'mount', 'umount']) await chmod(join(bin, name), 0o755)
  const folder = await createWorkFolder(temporary.path, machineHooks([], [], archHooks('linux')))
  const [program = '', ...args] = pacstrapCommand(options, folder)
  const tar = execFileSync(program, args, {
    env: { PATH: `${bin}:/usr/bin:/bin`, LOG: log },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const list = execFileSync('tar', ['--list', '--verbose'], { input: tar, encoding: 'utf8' })
  expect((await readFile(log, 'utf8')).replaceAll(folder.root, 'ROOT').split('\n')).toEqual([
    '-C ROOT/system.conf -G -M ROOT/system base linux',
    '[options]',
    'Architecture = x86_64',
    'SigLevel = Required DatabaseOptional',
    '[core]',
    'Include = /etc/pacman.d/mirrorlist',
    '[extra]',
    'Include = /etc/pacman.d/mirrorlist',
    'MODULES=(virtiofs virtio_pci)',
    'mount -t proc proc ROOT/system/proc',
    'mount --rbind /dev ROOT/system/dev',
    'in the root: systemctl preset-all',
    'in the root: env PYTHONDONTWRITEBYTECODE=1 cloud-init clean --logs --seed',
    'umount -R ROOT/system/dev',
    'umount ROOT/system/proc',
    '',
  ])
  expect(list).toContain('./boot/vmlinuz -> vmlinuz-linux\n')
  expect(list).toContain('./boot/initrd.img -> initramfs-linux.img\n')
  expect(list).toMatch(/ 0 \S+ \S+ \.\/etc\/machine-id\n/)
  expect(list).not.toMatch(/ssh_host|linux\.zst|pacman\.log|\.\/dev/)
})

test('a day of an archive, its keys, packages that are kept', () => {
  const folder = { path: '/w', root: '/w/root', setupHook: '/w/setup', customizeHook: '/w/customize' }
  const more = {
    mirror: 'http://archive.example/repos/',
    snapshot: '20260102T000000Z',
    keyring: '/k',
    packageCache: '/c',
  }
  expect(pacstrapCommand({ ...options, ...more }, folder)).toContain(
    `[options]
Architecture = x86_64
SigLevel = Required DatabaseOptional
GPGDir = /k
CacheDir = /c
[core]
Server = http://archive.example/repos/2026/01/02/$repo/os/$arch
[extra]
Server = http://archive.example/repos/2026/01/02/$repo/os/$arch
`,
  )
})
