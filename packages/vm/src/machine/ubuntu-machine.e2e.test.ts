import { chmod, mkdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AptRepository, createAptRepository } from '../../test/apt-repository.ts'
import { machinePackages } from '../../test/machine-packages.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { bootstrapMachine, type MachineOptions } from './bootstrap-machine.ts'

const release = '6.8.0-1-generic'
const needed = machinePackages('linux-image-virtual', release)
const packages = [...needed, { name: 'curl' }, { name: 'iputils-ping' }]

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let archive: AptRepository
beforeAll(async () => {
  folder = await temporaryFolder()
  await chmod(folder.path, 0o755)
  const path = join(folder.path, 'archive')
  await mkdir(path)
  archive = await createAptRepository({ path, release: 'noble', components: ['main', 'universe'], packages })
})
afterAll(async () => {
  await archive.close()
  await folder[Symbol.asyncDispose]()
})

function machine(name: string, changes: Partial<MachineOptions> = {}): MachineOptions {
  return {
    distribution: 'ubuntu',
    release: 'noble',
    components: ['main', 'universe'],
    kernel: 'linux-image-virtual',
    include: ['curl', 'iputils-ping'],
    mirror: archive.url,
    keyring: archive.keyring,
    sourceDateEpoch: 1_700_000_000,
    directory: join(folder.path, name),
    ...changes,
  }
}

test('a machine of Ubuntu from an archive of that format: packages, hooks, kernel, nothing wrong with it', async () => {
  const lines: string[] = []
  const commands = [{ text: 'echo done > /etc/step', place: 'vm.yaml:1:1' }]
  const { directory, fixed, report } = await bootstrapMachine({
    ...machine('good'),
    steps: [{ kind: 'command', commands, environment: {} }],
    onProgress: (line) => lines.push(line),
  })
  expect(report.findings).toEqual([])
  expect(report.kernelRelease).toBe(release)
  expect(fixed.map(({ code }) => code)).toEqual(['kernel-compressed'])
  const read = (path: string) => readFile(join(directory, path), 'utf8')
  const status = await read('var/lib/dpkg/status')
  const installed = [...status.matchAll(/^Package: (\S+)\n(?:Essential: yes\n)?Status: install ok installed$/gm)].map(
    ([, name]) => name,
  )
  expect(installed.toSorted()).toEqual(packages.map(({ name }) => name).toSorted())
  expect(await read('etc/apt/sources.list')).toContain('noble main universe')
  expect(await read('etc/initramfs-tools/modules')).toBe('virtiofs\nvirtio_pci\n')
  expect(await read('var/lib/cleaned')).toBe('clean --logs --seed\n')
  expect(await read('etc/step')).toBe('done\n')
  expect(await readlink(join(directory, 'boot/vmlinuz'))).toBe(`vmlinuz-${release}`)
  expect(lines).toEqual(
    expect.arrayContaining(['running apt-get update...', 'running vm.yaml:1:1', 'unpacking the kernel']),
  )
})
