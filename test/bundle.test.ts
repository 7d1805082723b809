import {
  chmod,
  cp,
  mkdir,
  mkdtempDisposable,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundleCommandLine, installBundle } from '../setup/bundle.ts'
import { repository, runCommand } from './harness/command.ts'

test('the command line as a bundle imports nothing but Node, and what its packages do without', async () => {
  const { imports } = await bundleCommandLine()
  expect(imports.filter((name) => !isBuiltin(name))).toEqual(['supports-color'])
}, 60_000)

test('every file of the bundle is strict, as modules are', async () => {
  const { files } = await bundleCommandLine()
  const programs = files.filter(({ path }) => path.endsWith('.cjs'))
  expect(programs.length).toBeGreaterThan(10)
  for (const { path, contents } of programs) {
    expect(Buffer.from(contents).toString(), path).toMatch(/^(#!.*\n)?"use strict";/)
  }
}, 60_000)

test('a start loads no part of Node that only few commands use', async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
  installBundle(await bundleCommandLine(), place.path, new Date())
  const list = 'process.on("exit", () => console.log(process.moduleLoadList.join()))'
  const main = join(place.path, 'current', 'main.cjs')
  const { stdout } = await runCommand(process.execPath, ['--import', `data:text/javascript,${list}`, main, '--help'])
  const loaded = stdout.split(/[\n,]/).filter((name) => name.startsWith('NativeModule '))
  expect(stdout).toContain('convert')
  for (const name of ['child_process', 'perf_hooks']) {
    expect(loaded).not.toContain(`NativeModule ${name}`)
  }
}, 60_000)

test('a command that waits for what never comes says so, and fails', async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
  installBundle(await bundleCommandLine(), place.path, new Date())
  const never = 'import files from "node:fs/promises"; files.stat = files.open = () => new Promise(() => {})'
  const main = join(place.path, 'current', 'main.cjs')
  const args = ['--import', `data:text/javascript,${never}`, main, 'ls', 'a.flist']
  const { code, stderr } = await runCommand(process.execPath, args)
  expect(code).toBe(1)
  expect(stderr).toContain('stopped in the middle of its work')
}, 60_000)

describe('a bundle that is made', () => {
  const bundleOf = (text: string) => ({ files: [{ path: '/out/main.cjs', contents: Buffer.from(text) }] })

  test('is there under a name of its own, and `current` leads to it', async () => {
    await using place = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
    for (const text of ['one', 'two', 'one']) installBundle(bundleOf(text), place.path, new Date(1e12))
    const names = (await readdir(place.path)).filter((name) => /^[0-9a-f]{16}$/.test(name))
    expect(names).toHaveLength(2)
    expect(names).toContain(await readlink(join(place.path, 'current')))
    expect(await readdir(join(place.path, 'current'))).toEqual(['main.cjs'])
    expect((await stat(join(place.path, 'stamp'))).mtime).toEqual(new Date(1e12))
    expect(await readdir(place.path)).toHaveLength(4)
  })

  test('can be read by all who can read the place', async () => {
    await using place = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
    for (const mode of [0o755, 0o700]) {
      await chmod(place.path, mode)
      installBundle(bundleOf(String(mode)), place.path, new Date())
      expect((await stat(join(place.path, 'current'))).mode & 0o777).toBe(mode)
    }
  })

  test('replaces those of a day ago, as nobody runs them any more', async () => {
    await using place = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
    installBundle(bundleOf('one'), place.path, new Date())
    const old = await readlink(join(place.path, 'current'))
    await utimes(join(place.path, old), 0, 0)
    installBundle(bundleOf('two'), place.path, new Date())
    expect(await readdir(place.path)).not.toContain(old)
  })
})

/** A clone with one source, whose bundle says how often it was made. */
async function clone(path: string) {
  const source = join(path, 'packages', 'cli', 'src', 'main.ts')
  const script = `
    import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
    const place = '${path}/node_modules/.cache/flist'
    if (readFileSync('${source}', 'utf8').includes('broken')) process.exit(1)
    mkdirSync(place + '/current', { recursive: true })
    let count = 0
    try { count = Number(readFileSync(place + '/count', 'utf8')) } catch {}
    writeFileSync(place + '/count', String(count + 1))
    writeFileSync(place + '/current/main.cjs', 'console.log("bundle ' + (count + 1) + '", ...process.argv.slice(2))')
    writeFileSync(place + '/stamp', '')`
  for (const folder of ['packages/cli/src', 'setup', 'node_modules/.bin'])
    await mkdir(join(path, folder), { recursive: true })
  await cp(join(repository, 'flist'), join(path, 'flist'))
  await chmod(join(path, 'flist'), 0o755)
  await writeFile(source, 'console.log("source", ...process.argv.slice(2))')
  await writeFile(join(path, 'setup', 'bundle.ts'), script)
  await writeFile(join(path, 'pnpm-lock.yaml'), '')
  await symlink(process.execPath, join(path, 'node_modules', '.bin', 'node'))
  const run = async (...args: string[]) => (await runCommand(join(path, 'flist'), args)).stdout.trim()
  return { run, change: (text: string) => writeFile(source, text) }
}

describe('the program', () => {
  test('is bundled when it is run first, and again when a source is newer', async () => {
    await using temporary = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
    const { run, change } = await clone(temporary.path)
    expect(await run('a b', 'c')).toBe('bundle 1 a b c')
    expect(await run()).toBe('bundle 1')
    await change('console.log("another")')
    expect(await run()).toBe('bundle 2')
  })

  test('runs from its sources where no bundle can be made', async () => {
    await using temporary = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
    const { run, change } = await clone(temporary.path)
    await run()
    await change('console.log("broken", ...process.argv.slice(2))')
    expect(await run('x')).toBe('broken x')
  })

  test('runs from its sources where the bundle is gone', async () => {
    await using temporary = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
    const { run } = await clone(temporary.path)
    await run()
    await rm(join(temporary.path, 'node_modules', '.cache', 'flist', 'current'), { recursive: true })
    expect(await run('x')).toBe('source x')
  })

  test('runs from its sources, and tries nothing, for somebody who may not write there', async () => {
    await using temporary = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
    const { run } = await clone(temporary.path)
    // A file is no place for anybody, root included.
    await mkdir(join(temporary.path, 'node_modules', '.cache'))
    await writeFile(join(temporary.path, 'node_modules', '.cache', 'flist'), '')
    expect(await run('x')).toBe('source x')
  })

  test.each([
    ['in the search path', 'clone', 'PATH=$PWD:$PATH flist x'],
    ['from the folder above', '.', './clone/flist x'],
    ['from elsewhere', 'other', '../clone/flist x'],
    ['by a link', 'other', './link x'],
    ['by a shell that is given its name', 'clone', 'sh flist x'],
  ])('is found %s', async (_, folder, command) => {
    await using temporary = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
    const { path } = temporary
    await clone(join(path, 'clone'))
    await mkdir(join(path, 'other'))
    await symlink('../clone/flist', join(path, 'other', 'link'))
    const { stdout } = await runCommand('sh', ['-c', command], { cwd: join(path, folder) })
    expect(stdout.trim()).toBe('bundle 1 x')
    expect([await readdir(path), await readdir(join(path, 'other'))]).toEqual([['clone', 'other'], ['link']])
  })

  test.each([
    [
      '1',
      'convert',
      '--invocation-count-for-turbofan=60000 --no-use-osr --no-concurrent-recompilation --initial-heap-size=64',
    ],
    ['1', 'up', ''],
    ['1', 'plan', ''],
    ['2', 'convert', ''],
  ])('with %s processors has V8 told for %s: "%s"', async (processors, command, flags) => {
    await using temporary = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
    const { run } = await clone(temporary.path)
    await run()
    const { path } = temporary
    const main = join(path, 'node_modules', '.cache', 'flist', 'current', 'main.cjs')
    await writeFile(main, "console.log(...process.execArgv.filter((flag) => !flag.includes('semi-space')))")
    await writeFile(join(path, 'nproc'), `#!/bin/sh\necho ${processors}\n`, { mode: 0o755 })
    const env = { PATH: `${path}:${process.env.PATH}` }
    expect((await runCommand(join(path, 'flist'), [command], { env })).stdout.trim()).toBe(flags)
  })
})
