import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary-folder.ts'
import type { BootstrapOptions } from './bootstrap-options.ts'
import { debootstrapCommand } from './debootstrap-command.ts'
import { createWorkFolder } from './work-folder.ts'

/** Programs that only note how they were called; debootstrap makes what the steps after it write to. */
const programs = {
  debootstrap:
    'for a; do r=$a; case $a in */system) mkdir -p "$a/proc" "$a/dev/x" "$a/var/cache/apt/archives";; esac; done',
  mount: ':',
  umount: ':',
  chroot: '[ -z "$TMPDIR" ] || exit 1; case "$*" in *install*) echo new > "$1/var/cache/apt/archives/new.deb";; esac',
}

async function run(more: Partial<BootstrapOptions>) {
  await using temporary = await temporaryFolder()
  const bin = join(temporary.path, 'bin')
  const log = join(temporary.path, 'log')
  await mkdir(bin)
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $*" >> ${log}\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  const packageCache = join(temporary.path, 'packages')
  await mkdir(packageCache)
  await writeFile(join(packageCache, 'old.deb'), 'old')
  const hooks = { setup: '#!/bin/sh\n: > "$1/first"\n', customize: '#!/bin/sh\n: > "$1/last"\n', arguments: [] }
  const folder = await createWorkFolder(temporary.path, hooks)
  const options = { release: 'bookworm', components: ['main', 'contrib'], sourceDateEpoch: 1000, output: '/o.tar' }
  const [program = '', ...args] = debootstrapCommand({ ...options, packageCache, ...more }, folder)
  const tar = execFileSync(program, args, {
    env: { TMPDIR: folder.root, PATH: `${bin}:/usr/bin:/bin` },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const list = execFileSync('tar', ['--list', '--verbose', '--full-time', '--utc'], { input: tar, encoding: 'utf8' })
  const calls = (await readFile(log, 'utf8')).replaceAll(folder.root, 'ROOT').replaceAll(packageCache, 'CACHE')
  return { list: list.split('\n'), calls: calls.trim().split('\n'), kept: await readdir(packageCache) }
}

test('smallest system, first hook, packages, last hook, tar', async () => {
  const { list, calls, kept } = await run({ include: ['less', 'curl'] })
  const apt =
    'chroot ROOT/system env DEBIAN_FRONTEND=noninteractive apt-get --yes -oAcquire::Check-Valid-Until=true ' +
    '-oDpkg::Options::=--force-confold -oDpkg::Use-Pty=0'
  expect(calls).toEqual([
    'debootstrap --variant=minbase --components=main,contrib --cache-dir=CACHE bookworm ROOT/system',
    'mount -t proc proc ROOT/system/proc',
    `${apt} update`,
    `${apt} --no-install-recommends install less curl`,
    `${apt} clean`,
    'umount ROOT/system/proc',
  ])
  const names = list.map((line) => line.split(' ').at(-1))
  expect(names).toEqual(expect.arrayContaining(['./', './first', './last', './proc/', './var/lib/apt/lists/partial/']))
  expect(names.filter((name) => name?.startsWith('./dev'))).toEqual([])
  expect(list.filter((line) => line !== '' && !line.includes('1970-01-01 00:16:40'))).toEqual([])
  expect(kept.toSorted()).toEqual(['new.deb', 'old.deb'])
})

test('a snapshot, its keys, and no packages', async () => {
  const mirror = 'http://archive.example/d'
  const { calls } = await run({ mirror, snapshot: '20260101T000000Z', keyring: '/k.gpg', packageCache: '' })
  expect(calls[0]).toBe(
    `debootstrap --variant=minbase --components=main,contrib --keyring=/k.gpg bookworm ROOT/system ${mirror}/20260101T000000Z/`,
  )
  expect(calls[2]).toContain('-oAcquire::Check-Valid-Until=false')
  expect(calls.join('\n')).not.toContain('install')
})
