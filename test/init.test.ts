import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { flist, runCommand } from './harness/command.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-init-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const init = (...words: string[]) => flist(['init', ...words, '--root', folder])

test('a repository with a Dockerfile gets a workflow, and is told the next steps', async () => {
  await writeFile(join(folder, 'Dockerfile'), 'FROM alpine\n')
  const { code, stdout, stderr } = await init('dockerfile', '--name', 'shop')
  expect(code, stderr).toBe(0)
  expect(stdout).toContain('HUB_TOKEN')
  expect(stdout).toContain('GHCR makes a new package private')
  const workflow = parse(await readFile(join(folder, '.github/workflows/flist.yml'), 'utf8'))
  expect(workflow.jobs.flist.steps[1].with).toMatchObject({ image: 'shop', dockerfile: 'Dockerfile' })
})

test('recipes are begun with the registry of the repository, and can be rendered', async () => {
  await runCommand('git', ['init', '--quiet', folder])
  await runCommand('git', ['-C', folder, 'remote', 'add', 'origin', 'git@github.com:Some/Flists.git'])
  expect(await init('recipes', '--name', 'mine')).toMatchObject({ code: 0 })
  expect(await readFile(join(folder, 'recipes/recipes.yaml'), 'utf8')).toContain('registry: ghcr.io/some/flists\n')
  expect(await flist(['render', '--root', folder])).toMatchObject({ code: 0 })
})

test('what is there stays, unless it is forced', async () => {
  await writeFile(join(folder, 'Dockerfile'), 'FROM alpine\n')
  const file = join(folder, '.github/workflows/flist.yml')
  await mkdir(join(folder, '.github/workflows'), { recursive: true })
  await writeFile(file, 'mine\n')
  const { code, stderr } = await init('dockerfile', '--name', 'shop')
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('already there') })
  expect(await readFile(file, 'utf8')).toBe('mine\n')
  expect(await init('dockerfile', '--name', 'shop', '--force')).toMatchObject({ code: 0 })
  expect(await readFile(file, 'utf8')).toContain('image: shop')
})

test('a dry run writes nothing', async () => {
  const { code, stdout } = await init('recipes', '--name', 'mine', '--registry', 'ghcr.io/a/b', '--dry-run')
  expect(code).toBe(0)
  expect(stdout).toContain('would write recipes/recipes.yaml')
  expect(await readdir(folder)).toEqual([])
})

test.each([
  [['dockerfile', '--name', 'shop'], 'no Dockerfile below'],
  [['nothing', '--name', 'shop'], '"nothing" is nothing to begin with'],
  [['recipes', '--name', 'mine'], 'give --registry'],
  [['recipes', '--name', '../mine'], 'is no name of an image'],
])('%j is refused', async (words, message) => {
  expect(await init(...words)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
})
