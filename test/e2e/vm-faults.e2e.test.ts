import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AptRepository, createAptRepository } from '../../packages/vm/test/apt-repository.ts'
import { elfKernel } from '../../packages/vm/test/kernels.ts'
import { kernelPackage, machinePackages } from '../../packages/vm/test/machine-packages.ts'
import { flist } from '../harness/command.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'

const release = '6.8.0-1-generic'
const VM = 'recipes/vms/machine/vm.yaml'
const SNIPPET = 'recipes/snippets/web/snippet.yaml'

let folder: string
let archive: AptRepository
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-vm-faults-'))
  await chmod(folder, 0o755)
  const path = join(folder, 'archive')
  await mkdir(path)
  const foreign = kernelPackage('linux-image-arm64', release, elfKernel({ release, machine: 183 }))
  const packages = [...machinePackages('linux-image-virtual', release), foreign]
  archive = await createAptRepository({ path, release: 'noble', components: ['main'], packages })
})
afterAll(async () => {
  await archive.close()
  await rm(folder, { recursive: true, force: true })
})

/** Makes a machine of a definition with something wrong; nothing is booted, and nothing published. */
async function make(vm: object, snippet: object = {}, code = 2) {
  const root = await mkdtemp(join(folder, 'root-'))
  const definition = {
    description: 'x',
    distribution: 'ubuntu',
    release: 'noble',
    kernel: 'linux-image-virtual',
    ...vm,
  }
  await writeRecipes(root, {
    ...recipesWithBase('docker.io/library/tiny:1'),
    'snippets/web/snippet.yaml': { description: 'x', ...snippet },
    'vms/machine/vm.yaml': { ...definition, snippets: ['web'] },
  })
  const options = ['--root', root, '--work', join(root, 'work'), '--packages', join(folder, 'packages'), '--no-publish']
  const made = await flist(['vm', 'machine', ...options, '--mirror', archive.url, '--keyring', archive.keyring])
  expect(made.code, made.stderr).toBe(code)
  expect(await readdir(join(root, 'work/vms')).catch(() => [])).not.toContain('machine.tar')
  return made.stderr
}

test('a package and a release that are not there, with the lines that ask for them', async () => {
  expect(await make({}, { packages: { apt: ['nginxx'] } })).toContain(
    `${SNIPPET}:4:7: the archive of "noble" has no package "nginxx"; correct its name, or add the component it is in`,
  )
  expect(await make({ release: 'nobble' })).toContain(
    `${VM}:3:10: the archive has no release "nobble" with these components; `,
  )
})

test('a command that fails and a download that is another file, with their lines', async () => {
  expect(await make({}, { run: ['true', 'nothing-like-it'] })).toContain(
    `${SNIPPET}:4:5: the command ended with exit code 127 after "/bin/sh: 3: nothing-like-it: not found"; correct it`,
  )
  const url = `${archive.url}dists/noble/InRelease`
  const download = { target: '/opt/web', architectures: { amd64: { url, sha256: 'ab'.repeat(32) } } }
  expect(await make({}, { downloads: [download] })).toMatch(`${SNIPPET}:3:13: what is at ${url} has the SHA-256 `)
})

test('a kernel of another architecture', async () => {
  expect(await make({ kernel: 'linux-image-arm64' }, {}, 1)).toMatch(
    new RegExp(`${VM}:4:9: .*aarch64|${VM}:4:9: .*arm64`),
  )
})

test('a machine over its size, with both numbers and the line of the limit', async () => {
  expect(await make({ size: 1 }, {}, 1)).toMatch(
    new RegExp(
      `${VM}:5:7: its files have [0-9.]+ MB, more than "size: 1" \\(MiB\\); leave packages out, or raise the limit`,
    ),
  )
})
