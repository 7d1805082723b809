import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flist, runCommand } from '../harness/command.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { startRegistry, type TestRegistry } from '../harness/registry.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'

/** A base that moves under a tag: what is locked is what is built on. */
let registry: TestRegistry
let folder: string
let base: string

beforeAll(async () => {
  registry = await startRegistry()
  folder = await mkdtemp(join(tmpdir(), 'flist-lock-'))
  base = await pushTinyBase(registry.host, folder)
  await writeRecipes(folder, {
    ...recipesWithBase(base),
    'images/one/image.yaml': { description: 'A test image', base: 'tiny', files: [{ target: '/etc/a', content: 'a' }] },
  })
})
afterAll(async () => {
  await runCommand('docker', ['rmi', '--force', base])
  await rm(folder, { recursive: true, force: true })
  await registry[Symbol.asyncDispose]()
})

const run = (...words: string[]) => flist([...words, '--root', folder, '--registry', `${registry.host}/images`])

const build = (...words: string[]) => run('build', '--work', join(folder, 'work'), ...words)

/** The digest that the report says the image was built on. */
async function builtOn(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await build('--force', '--json', ...words)
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout).images[0].base
}

test('what is not locked is refused', async () => {
  const { code, stderr } = await build('--frozen')
  expect(code).toBe(2)
  expect(stderr).toContain('there is no recipes.lock.yaml; run: flist lock')
})

test('a base that moved is told, and built on only when it is locked again', async () => {
  expect((await run('lock')).stdout).toMatch(/^recipes\.lock\.yaml is written:\nbase tiny: not in the lock, now /)
  const before = await readFile(join(folder, 'recipes.lock.yaml'), 'utf8')
  expect((await run('outdated')).code).toBe(0)

  await mkdir(join(folder, 'tiny-base', 'srv'), { recursive: true })
  await writeFile(join(folder, 'tiny-base', 'srv', 'moved'), 'x')
  await pushTinyBase(registry.host, folder)
  const outdated = await run('outdated')
  expect(outdated.code).toBe(3)
  expect(outdated.stdout).toMatch(/^base tiny: \S+@sha256:\w+ → \S+@sha256:\w+$/m)

  const digest = /sha256:[0-9a-f]{64}/.exec(before)?.[0] ?? 'none'
  expect(await builtOn('--frozen')).toContain(digest)
  expect(await builtOn()).toContain(digest)
  expect((await run('lock')).code).toBe(0)
  expect(await builtOn('--frozen')).not.toContain(digest)
})

test('a base that vanished is told as what it is', async () => {
  const lock = await readFile(join(folder, 'recipes.lock.yaml'), 'utf8')
  await writeFile(join(folder, 'recipes.lock.yaml'), lock.replace(/sha256:[0-9a-f]{64}/, `sha256:${'0'.repeat(64)}`))
  const { code, stderr } = await build('--frozen', '--force')
  expect(code).toBe(1)
  expect(stderr).toMatch(/sha256:0{64}/)
})
