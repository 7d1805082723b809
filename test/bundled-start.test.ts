import { copyFile, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { repository, runCommand } from './harness/command.ts'

let clone: string
let source: string
let bundles: string

/** A clone with a program of one line. */
beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'bundled-start-'))
  onTestFinished(() => rm(clone, { recursive: true, force: true }))
  source = join(clone, 'packages', 'cli', 'src', 'main.ts')
  bundles = join(clone, 'node_modules', '.cache', 'flist')
  await mkdir(join(source, '..'), { recursive: true })
  await mkdir(join(clone, 'node_modules', '.bin'), { recursive: true })
  await symlink(process.execPath, join(clone, 'node_modules', '.bin', 'node'))
  await symlink(join(repository, 'setup'), join(clone, 'setup'))
  await copyFile(join(repository, 'flist'), join(clone, 'flist'))
  for (const file of ['packages/cli/package.json', 'pnpm-lock.yaml']) await writeFile(join(clone, file), '{}')
})

const run = () => runCommand(join(clone, 'flist'), [])

test('a changed source is what runs next, also with the size and time of the one before', async () => {
  await writeFile(source, 'const text: string = "one"; console.log(text, import.meta.filename.endsWith("main.mjs"))')
  expect(await run()).toMatchObject({ stdout: 'one true\n', stderr: '' })
  const { atime, mtime } = await stat(source)
  await writeFile(source, 'const text: string = "two"; console.log(text, import.meta.filename.endsWith("main.mjs"))')
  await utimes(source, atime, mtime)
  expect(await run()).toMatchObject({ stdout: 'two true\n', stderr: '' })
  expect(await readdir(bundles)).toHaveLength(2)
})

test('sources that cannot be bundled run as they are, and say what is wrong', async () => {
  await writeFile(source, 'import "./missing.ts"')
  const { code, stderr } = await run()
  expect(code).toBe(1)
  expect(stderr).toContain('ERR_MODULE_NOT_FOUND')
  expect(await readdir(bundles)).toEqual([])
})
