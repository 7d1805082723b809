import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flist, runCommand } from '../harness/command.ts'

/** Images as the engine here saves them, converted without a registry. */
const names = ['a', 'b'].map((name) => `flist-sources-${process.pid}:${name}`)
let folder: string
let archive: string

async function run(...command: readonly [string, ...string[]]): Promise<string> {
  const [program, ...args] = command
  const { code, stdout, stderr } = await runCommand(program, args)
  expect(code, stderr).toBe(0)
  return stdout
}

async function convert(source: string, ...options: string[]): Promise<{ treeHash: string; files: number }> {
  const args = [source, '--output', join(folder, 'out.flist'), '--chunks', join(folder, 'chunks'), '--json']
  const { code, stdout, stderr } = await flist(['convert', ...args, ...options])
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-sources-'))
  archive = join(folder, 'saved.tar')
  for (const [n, name] of names.entries()) {
    const context = join(folder, `context-${n}`)
    await mkdir(context)
    await writeFile(join(context, 'f'), `image ${n}`)
    // The same layer twice in one image, and shared by both: the engine saves these as links.
    const last = n === 0 ? 'COPY f /only-a' : 'COPY f /only-b'
    await writeFile(
      join(context, 'Dockerfile'),
      `FROM scratch\nCOPY Dockerfile /d\nCOPY f /x\nCOPY f /y\nCOPY f /x\n${last}\nCMD ["/x"]\n`,
    )
    await run('docker', 'build', '--quiet', '--tag', name, context)
  }
  await run('docker', 'save', '--output', archive, ...names)
})
afterAll(async () => {
  await runCommand('docker', ['rmi', ...names])
  await rm(folder, { recursive: true, force: true })
})

test.each(names)('%s out of what docker save writes is what skopeo makes of it', async (name) => {
  const layout = join(folder, `layout-${name.slice(-1)}`)
  await run('skopeo', 'copy', '--quiet', '--insecure-policy', `docker-archive:${archive}:${name}`, `oci:${layout}:v1`)
  const fromArchive = await convert(archive, '--image', name)
  expect(fromArchive).toMatchObject({ files: 4 })
  expect(fromArchive.treeHash).toBe((await convert(layout)).treeHash)
})

test('without a choice the error lists the images', async () => {
  const args = [archive, '--output', join(folder, 'out.flist'), '--chunks', join(folder, 'chunks')]
  const { code, stderr } = await flist(['convert', ...args])
  expect(code).not.toBe(0)
  for (const name of names) expect(stderr).toContain(`"${name}"`)
  expect(stderr).toContain('has several images')
})
