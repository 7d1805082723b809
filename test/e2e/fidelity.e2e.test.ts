import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { member, pax } from '../../packages/rootfs/test/tar-builder.ts'
import { flist, runCommand } from '../harness/command.ts'
import { startRegistry, type TestRegistry } from '../harness/registry.ts'

/** An image as an engine makes and pushes it, with things that a flist does not hold. */
let folder: string
let registry: TestRegistry
let image: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-fidelity-e2e-'))
  registry = await startRegistry()
  image = `${registry.host}/fidelity:1`
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('latin1')
  const members = [
    pax([['SCHILY.xattr.security.capability', capability]]),
    member({ name: 'bin/ping', mode: 0o755 }, 'ping'),
    member({ name: 'bin/ping4', typeflag: '1', linkName: 'bin/ping', size: 0 }),
    member({ name: 'bin/su', mode: 0o4755 }, 'su'),
  ]
  await writeFile(join(folder, 'root.tar'), Buffer.concat([...members, Buffer.alloc(1024)]))
  const changes = ['CMD ["/bin/ping"]', 'USER 1000', 'WORKDIR /srv', 'HEALTHCHECK CMD true', 'ONBUILD RUN true']
  const options = changes.flatMap((change) => ['--change', change])
  const imported = await runCommand('docker', ['import', ...options, join(folder, 'root.tar'), image])
  expect(imported.code, imported.stderr).toBe(0)
  const pushed = await runCommand('docker', ['push', '--quiet', image])
  expect(pushed.code, pushed.stderr).toBe(0)
})

afterAll(async () => {
  await runCommand('docker', ['rmi', image])
  await registry[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

test('its report names what is lost, what changed, and where the config went', async () => {
  const output = join(folder, 'out.flist')
  const converted = await flist(['convert', image, '-o', output, '--chunks', join(folder, 'chunks'), '--json'])
  expect(converted.code, converted.stderr).toBe(0)
  const { fidelity } = JSON.parse(converted.stdout)
  expect(fidelity.findings).toMatchObject([
    { class: 'file-capabilities', count: 1, examples: [{ path: '/bin/ping' }] },
    { class: 'hard-link', count: 1 },
    { class: 'setuid-setgid', count: 1, examples: [{ path: '/bin/su' }] },
    { class: 'config-recorded', count: 3 },
    { class: 'config-unused', examples: expect.arrayContaining([expect.objectContaining({ path: 'config.OnBuild' })]) },
  ])
  const verified = await flist(['verify', output, image])
  expect(verified.stdout, verified.stderr).toBe('5 entries, 6 bytes compared: no difference\n')
  const refused = await flist(['convert', image, '-o', output, '--chunks', join(folder, 'chunks'), '--strict'])
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('loses cap_net_raw+ep: ping needs root')])
})
