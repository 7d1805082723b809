import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { bootstrapWith } from './bootstrap.ts'
import { type BootstrapHooks, imageHooks } from './debian-hooks.ts'

const run = promisify(execFile)

/** Makes two roots of the same packages and tells whether the tars are equal, and which files differ. */
async function makeTwo(folder: string, hooks: BootstrapHooks) {
  const options = {
    release: 'bookworm',
    components: ['main'],
    include: ['openssh-server'],
    sourceDateEpoch: 1_700_000_000,
    packageCache: join(folder, 'packages'),
  }
  await mkdir(folder)
  const digests: string[] = []
  for (const name of ['a', 'b']) {
    const output = join(folder, `${name}.tar`)
    digests.push((await bootstrapWith({ ...options, output }, hooks)).sha256)
    await mkdir(join(folder, name))
    await run('tar', ['--extract', '--directory', join(folder, name), '--file', output])
  }
  const how = ['--recursive', '--brief', '--no-dereference', 'a', 'b']
  const { stdout } = await run('diff', how, { cwd: folder }).catch((error: { stdout: string }) => error)
  const differing = stdout.split('\n').flatMap((line) => /^Files a\/(.*) and /.exec(line)?.[1] ?? line)
  const packages = await readdir(options.packageCache)
  return { equal: digests[0] === digests[1], differing: differing.filter((line) => line !== ''), packages }
}

test('two bootstraps, the second from kept packages, give the same bytes', async () => {
  await using folder = await temporaryFolder()
  const { equal, differing, packages } = await makeTwo(join(folder.path, 'clean'), imageHooks)
  expect(differing).toEqual([])
  expect(equal).toBe(true)
  expect(packages.filter((name) => /^openssh-server_.*\.deb$/.test(name))).toHaveLength(1)
})

test('without what cleans up, these would differ', async () => {
  await using folder = await temporaryFolder()
  const unclean = { ...imageHooks, customize: '#!/bin/sh\n' }
  const { equal, differing } = await makeTwo(join(folder.path, 'unclean'), unclean)
  expect(equal).toBe(false)
  const keys = ['ecdsa', 'ed25519', 'rsa'].map((kind) => `etc/ssh/ssh_host_${kind}_key`)
  expect(differing).toEqual(keys.flatMap((key) => [key, `${key}.pub`]))
})
