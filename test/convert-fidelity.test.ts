import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { member, pax } from '../packages/rootfs/test/tar-builder.ts'
import { flist } from './harness/command.ts'

let folder: string
let source: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-fidelity-'))
  source = join(folder, 'root.tar')
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('latin1')
  const ping = [pax([['SCHILY.xattr.security.capability', capability]]), member({ name: 'bin/ping', mode: 0o755 }, 'x')]
  await writeFile(source, Buffer.concat([...ping, member({ name: 'bin/su', mode: 0o4755 }), Buffer.alloc(1024)]))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const convert = (output: string, ...options: string[]) =>
  flist(['convert', source, '--output', join(folder, output), '--chunks', join(folder, 'chunks'), ...options])

test('flist convert says what is lost, and gives the hashes of the tree', async () => {
  const { code, stdout } = await convert('plain.flist')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ {2}tree hash {2}[0-9a-f]{64}\n {2}no times {3}[0-9a-f]{64}$/m)
  expect(stdout).toContain(`
  lost     file-capabilities 1, /bin/ping loses cap_net_raw+ep: ping needs root
  changed  setuid-setgid 1, /bin/su has mode 4755, of which 0-fs and rfs show 755: it runs with the rights of its caller
`)
})

test('--json has all of it', async () => {
  const { stdout } = await convert('json.flist', '--json')
  expect(JSON.parse(stdout).fidelity).toMatchObject({
    findings: [
      {
        class: 'file-capabilities',
        severity: 'lost',
        count: 1,
        examples: [{ path: '/bin/ping', consequence: 'loses cap_net_raw+ep: ping needs root' }],
      },
      { class: 'setuid-setgid', severity: 'changed', count: 1 },
    ],
    config: [],
  })
})

test('--strict fails with 3 and writes no flist', async () => {
  const { code, stderr, stdout } = await convert('strict.flist', '--strict')
  expect([code, stdout]).toEqual([3, ''])
  expect(stderr).toContain(
    'leave out of --strict: file-capabilities\n  file-capabilities 1, /bin/ping loses cap_net_raw',
  )
  const json = await convert('strict.flist', '--strict=setuid-setgid', '--json')
  expect([json.code, JSON.parse(json.stdout).fidelity.findings.length]).toEqual([3, 2])
  expect((await readdir(folder)).filter((name) => name.includes('strict'))).toEqual([])
})

test('--strict with classes that are not there succeeds', async () => {
  expect((await convert('other.flist', '--strict', 'hard-link,acl')).code).toBe(0)
})

test('--strict with a class nobody knows is a wrong command, and says which there are', async () => {
  const { code, stderr } = await convert('unknown.flist', '--strict=capabilities')
  expect(code).toBe(2)
  expect(stderr).toMatch(/^flist: no fidelity class "capabilities"; there are: file-capabilities, acl, xattr, /)
})
