import { execFileSync } from 'node:child_process'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { hostKeysRemoval, machineScript } from './machine-script.ts'

/** What is left of the keys in a folder outside of the root, and in the root's own. */
async function removeKeys(links: Readonly<Record<string, string>>) {
  await using temporary = await temporaryFolder()
  const outside = join(temporary.path, 'outside', 'ssh')
  const inside = join(temporary.path, 'root', 'etc', 'ssh')
  await mkdir(outside, { recursive: true })
  await mkdir(join(temporary.path, 'root'))
  for (const [link, target] of Object.entries(links)) {
    await mkdir(join(temporary.path, link, '..'), { recursive: true })
    await symlink(join(temporary.path, target), join(temporary.path, link))
  }
  if (Object.keys(links).length === 0) await mkdir(inside, { recursive: true })
  for (const folder of new Set([outside, inside]))
    for (const name of ['ssh_host_rsa_key', 'ssh_config']) await writeFile(join(folder, name), '').catch(() => {})
  execFileSync('sh', ['-euc', hostKeysRemoval], { cwd: temporary.path })
  return { outside: (await readdir(outside)).sort(), inside: (await readdir(inside)).sort() }
}

const all = ['ssh_config', 'ssh_host_rsa_key']

test('a new machine has no host keys', async () => {
  expect(await removeKeys({})).toEqual({ outside: all, inside: ['ssh_config'] })
  expect(machineScript).toContain(hostKeysRemoval)
})

test.each([
  ['etc/ssh', { 'root/etc/ssh': 'outside/ssh' }],
  ['etc', { 'root/etc': 'outside' }],
] as const)('the keys of this machine stay, whatever %s of the tree links to', async (_, links) => {
  expect((await removeKeys(links)).outside).toEqual(all)
})

test('a tree without the folder is none the worse', async () => {
  await using temporary = await temporaryFolder()
  await mkdir(join(temporary.path, 'root'))
  execFileSync('sh', ['-euc', hostKeysRemoval], { cwd: temporary.path })
})
