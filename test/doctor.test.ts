import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { inspectFlist } from '../packages/cli/src/flist-inspection.ts'
import { chunkId } from '../packages/flist/src/index.ts'
import { content, descriptorOf, json } from '../packages/registry/test/image-fixture.ts'
import { startTwin } from '../packages/twin/src/index.ts'
import { file, goodContainer, goodMachine, link, release, tree } from '../packages/vm/test/trees.ts'
import { writeTree } from '../packages/vm/test/written-tree.ts'
import { flist } from './harness/command.ts'
import { writeLayoutDirectory } from './harness/image-layout.ts'

/** A machine whose kernel is linked from the root of the node, and that has host keys. */
const wrong = {
  'boot/vmlinuz': link(`/boot/vmlinuz-${release}`),
  'etc/ssh/ssh_host_rsa_key': 'x',
  'srv/data': file(randomBytes(1 << 20)),
}
const codes = ['boot-link-absolute', 'host-keys']

let folder: string
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-doctor-'))
  await writeTree(tree({ ...goodMachine, ...wrong }), at('root'))
  const tar = execFileSync(
    'tar',
    ['--create', '--numeric-owner', '--owner=0', '--group=0', '--directory', at('root'), '.'],
    {
      maxBuffer: 1 << 28,
    },
  )
  await writeImage(tar)
  execFileSync('tar', [
    '--create',
    '--gzip',
    '--file',
    at('root.tar'),
    '--directory',
    at('root'),
    '--owner=0',
    '--group=0',
    '.',
  ])
  const { code, stderr } = await flist(['convert', at('root.tar'), '-o', at('a.flist'), '--chunks', at('chunks')])
  expect(code, stderr).toBe(0)
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

async function writeImage(tar: Buffer): Promise<void> {
  const layer = content(tar, 'application/vnd.oci.image.layer.v1.tar')
  const diffIds = [`sha256:${createHash('sha256').update(tar).digest('hex')}`]
  const described = { os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }
  const config = json(described, 'application/vnd.oci.image.config.v1+json')
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = { schemaVersion: 2, mediaType, config: descriptorOf(config), layers: [descriptorOf(layer)] }
  await writeLayoutDirectory(at('layout'), { manifest: json(manifest, mediaType), config, layers: [layer] })
}

test.each([['root'], ['root.tar'], ['layout'], ['a.flist', '--chunks', 'chunks']])(
  'the same is found in %s',
  async (name, ...options) => {
    const paths = options.map((option) => (option.startsWith('--') ? option : at(option)))
    const { code, stdout, stderr } = await flist(['doctor', at(name), ...paths, '--as', 'vm', '--json'])
    const report = JSON.parse(stdout)
    expect(
      report.findings.map((finding: { code: string }) => finding.code).filter((found: string) => codes.includes(found)),
    ).toEqual(codes)
    expect(report).toMatchObject({ mode: 'container', fixed: [] })
    expect([code, stderr]).toEqual([3, expect.stringMatching(/errors; zos would not start it as it should\n$/)])
  },
)

test('each finding says where, what was seen, what it means and what to do', async () => {
  const { stdout } = await flist(['doctor', at('root'), '--as', 'vm'])
  expect(stdout).toContain(`error   boot-link-absolute  /boot/vmlinuz: "boot/vmlinuz" → "/boot/vmlinuz-${release}"
        zos looks from the node, where an absolute link leads out of the flist; the file is taken for missing, and the flist silently runs as a container
        fix (--fix in a directory): make the link relative: ln -sr
`)
  expect(stdout).toMatch(/: zos starts it as a container; 2 errors, 0 warnings\n$/)
})

test('--fix makes a directory right', async () => {
  execFileSync('cp', ['-a', at('root'), at('fixed')])
  const { code, stdout, stderr } = await flist(['doctor', at('fixed'), '--as', 'vm', '--fix'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toBe(`fixed   boot-link-absolute  /boot/vmlinuz: linked to vmlinuz-${release}
fixed   host-keys  /etc/ssh: removed 1 entries
${at('fixed')}: zos starts it as a virtual machine with Linux ${release}; nothing is wrong
`)
})

test('--fix of a flist is refused', async () => {
  const { code, stderr } = await flist(['doctor', at('a.flist'), '--chunks', at('chunks'), '--fix'])
  expect([code, stderr]).toEqual([
    2,
    `flist: ${at('a.flist')}: only a directory can be fixed; extract it, fix that and convert it again\n`,
  ])
})

test('a container is looked at with the entrypoint of its deployment', async () => {
  await writeTree(tree(goodContainer), at('container'))
  const good = await flist(['doctor', at('container'), '--entrypoint', "/app 'two words'"])
  expect([good.code, good.stdout]).toEqual([0, `${at('container')}: zos starts it as a container; nothing is wrong\n`])
  const bad = await flist(['doctor', at('container'), '--entrypoint', 'app'])
  expect([bad.code, bad.stdout]).toEqual([
    3,
    expect.stringContaining('error   entrypoint-relative  /app: it is "app"\n'),
  ])
  const open = await flist(['doctor', at('container'), '--entrypoint', '"app'])
  expect([open.code, open.stderr]).toEqual([2, 'flist: entrypoint "\\"app": a " is not closed; close it\n'])
})

test('of a flist on a hub only the chunks of what is looked at are fetched', async () => {
  const seed = randomBytes(32)
  const ports = { httpPort: 0, gatewayPort: 0, backendPort: 0 }
  const { url, gateway, backend, mintToken, close } = await startTwin({
    root: at('hub'),
    seed,
    inspectFlist,
    chunkId,
    ...ports,
  })
  onTestFinished(close)
  const env = { FLIST_HUB_TOKEN: mintToken('me.3bot') }
  const zdb = `${backend.host}:${backend.port}`
  const converted = await flist([
    'convert',
    at('root.tar'),
    '-o',
    at('b.flist'),
    '--chunks',
    at('own'),
    '--backend',
    `zdb://${zdb}/default`,
  ])
  expect(converted.code, converted.stderr).toBe(0)
  const published = await flist(
    [
      'publish',
      at('b.flist'),
      '--link',
      'machine.flist',
      '--chunks',
      at('own'),
      '--hub',
      url,
      '--gateway',
      `hub://${gateway.host}:${gateway.port}`,
      '--backend',
      `zdb://${zdb}/default`,
    ],
    { env },
  )
  expect(published.code, published.stderr).toBe(0)
  const { code, stdout } = await flist(['doctor', `${url}/me.3bot/machine.flist`, '--json'])
  const found = JSON.parse(stdout).findings.map((finding: { code: string }) => finding.code)
  expect([code, found]).toEqual([3, expect.arrayContaining(codes)])
  // The two chunks of /srv/data are not needed: without them nothing is missed.
  const data = await readFile(at('root/srv/data'))
  const chunks = await readdir(at('chunks'), { recursive: true, withFileTypes: true })
  let hidden = 0
  for (const entry of chunks) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || (await readFile(path)).length < data.length / 3) continue
    await rename(path, `${path}.hidden`)
    hidden += 1
  }
  expect(hidden).toBe(2)
  expect((await flist(['doctor', at('a.flist'), '--chunks', at('chunks'), '--json'])).stdout).toContain('host-keys')
})
