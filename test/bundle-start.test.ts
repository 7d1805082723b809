import {
  cp,
  mkdir,
  mkdtempDisposable,
  open,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleCommandLine, installBundle } from '../setup/bundle.ts'
import { runCommand } from './harness/command.ts'

const bundled = bundleCommandLine()

/** A bundle of its own for a test, and `flist ls` of a file that is none with it: what came of it, and how many functions were compiled. */
async function bundleInUse() {
  const place = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
  installBundle(await bundled, place.path, new Date())
  const folder = join(place.path, 'current')
  const log = join(place.path, 'v8.log')
  const flags = ['--log-function-events', '--no-logfile-per-isolate', `--logfile=${log}`]
  const runWith = async (options: string[], ...args: string[]) => {
    const { code, stderr } = await runCommand(process.execPath, [
      ...flags,
      ...options,
      join(folder, 'main.cjs'),
      ...args,
    ])
    return { code, stderr, compiled: compiledFunctions(await readFile(log, 'utf8'), place.path) }
  }
  const run = (...args: string[]) => runWith([], ...args)
  const kept = async () => (await readdir(folder)).filter((name) => name.startsWith('code-'))
  return { folder, run, runWith, kept, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() }
}

/** How many functions of files in `folder` V8 compiled, by its log. */
function compiledFunctions(log: string, folder: string): number {
  const events = log.split('\n').map((line) => line.split(','))
  const files = new Set<string | undefined>()
  for (const [type, id, name] of events) if (type === 'script-details' && name?.startsWith(folder)) files.add(id)
  return events.filter(([type, event, id]) => type === 'function' && event === 'parse-function' && files.has(id)).length
}

type Run = { readonly code: number | null; readonly stderr: string; readonly compiled: number }

/** V8 compiles some functions more or less. */
function expectAsNew({ compiled, ...result }: Run, { compiled: usual, ...first }: Run) {
  expect(result).toEqual(first)
  expect(compiled).toBeGreaterThan(0.9 * usual)
}

test('what V8 compiled is not compiled again by the next run of the command, and looked at again after an hour', async () => {
  await using bundle = await bundleInUse()
  const { run, folder } = bundle
  const first = await run('ls', 'none.flist')
  const second = await run('ls', 'none.flist')
  expect(first.compiled).toBeGreaterThan(100)
  expect(second.compiled).toBeLessThan(first.compiled / 10)
  expect(second.stderr).toBe(first.stderr)
  expect([first.code, second.code]).toEqual([1, 1])
  const [name = ''] = await bundle.kept()
  const file = join(folder, name)
  const kept = await readFile(file)
  const other = await run('ls', '--help')
  expect(other.compiled).toBeGreaterThan(20)
  expect(await readFile(file)).toEqual(kept)
  await utimes(file, 0, 0)
  await run('ls', '--help')
  expect((await readFile(file)).length).toBeGreaterThan(kept.length)
  expect((await run('ls', '--help')).compiled).toBeLessThan(other.compiled / 4)
  expect((await run('ls', 'none.flist')).compiled).toBeLessThan(first.compiled / 10)
}, 60_000)

test('what was kept is not believed when it is damaged, and then made again', async () => {
  await using bundle = await bundleInUse()
  const { run, folder } = bundle
  const first = await run('ls', 'none.flist')
  const [name = ''] = await bundle.kept()
  const whole = await readFile(join(folder, name))
  const flipped = Buffer.from(whole)
  flipped.writeUInt8(whole.readUInt8(whole.length >> 1) ^ 1, whole.length >> 1)
  for (const damaged of [flipped, whole.subarray(0, -100), Buffer.alloc(0)]) {
    await writeFile(join(folder, name), damaged)
    expectAsNew(await run('ls', 'none.flist'), first)
    expect((await run('ls', 'none.flist')).compiled).toBeLessThan(first.compiled / 10)
  }
}, 60_000)

test('what was kept is made again when V8 refuses it, as one with other options does', async () => {
  await using bundle = await bundleInUse()
  const { run, runWith, folder, kept } = bundle
  const first = await run('ls', 'none.flist')
  await runWith(['--no-use-osr'], 'ls', 'none.flist')
  const [one = '', other = ''] = (await kept()).sort((a, b) => a.length - b.length)
  await cp(join(folder, other), join(folder, one))
  expectAsNew(await run('ls', 'none.flist'), first)
  expect((await run('ls', 'none.flist')).compiled).toBeLessThan(first.compiled / 10)
}, 60_000)

test('code is kept for commands alone, and nothing else is left there', async () => {
  await using bundle = await bundleInUse()
  const { run, folder } = bundle
  const files = await readdir(folder)
  for (const args of [['--help'], ['nonsense'], ['../../ls'], []]) await run(...args)
  expect(await readdir(folder)).toEqual(files)
  await run('ls', '--help')
  expect((await readdir(folder)).filter((name) => !files.includes(name))).toEqual([expect.stringMatching(/^code-ls-/)])
}, 60_000)

test('where code can not be kept the command runs as ever', async () => {
  await using bundle = await bundleInUse()
  const { run, folder, kept } = bundle
  const first = await run('ls', 'none.flist')
  const [name = ''] = await kept()
  await rm(join(folder, name))
  await mkdir(join(folder, name, 'in-the-way'), { recursive: true })
  expectAsNew(await run('ls', 'none.flist'), first)
  expect(await kept()).toEqual([name])
}, 60_000)

/** A bundle with this program. */
async function bundleOf(files: Readonly<Record<string, string>>) {
  const place = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
  const start = (await bundled).files.filter(({ path }) => path === 'main.cjs')
  const parts = Object.entries(files).map(([path, text]) => ({ path, contents: Buffer.from(text) }))
  installBundle({ files: [...start, ...parts] }, place.path, new Date())
  const main = join(place.path, 'current', 'main.cjs')
  const run = async (env: Readonly<Record<string, string>> = {}) => runCommand(process.execPath, [main, 'run'], { env })
  return { place: place.path, run, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() }
}

test('texts of a part are what they are in its source', async () => {
  await using bundle = await bundleOf({ 'program.cjs': '"use strict";console.log("→ é", /[à-ü]/.test("ö"))' })
  for (let i = 0; i < 2; i++) expect((await bundle.run()).stdout).toBe('→ é true\n')
})

test('parts are loaded once, whichever way leads to them; one that fails fails again', async () => {
  await using bundle = await bundleOf({
    'program.cjs': `
      exports.name = 'program'
      const tried = [1, 2].map(() => { try { return require('./wrong.cjs') } catch ({ message }) { return message } })
      console.log(require('./a.cjs').of, require('./a.cjs') === require('./b.cjs').a, this === exports, ...tried)`,
    'a.cjs': "exports.of = require('./b.cjs').of",
    'b.cjs': "exports.a = require('./a.cjs'); exports.of = require('./program.cjs').name",
    'wrong.cjs': "exports.half = true; throw new Error('wrong')",
  })
  expect((await bundle.run()).stdout).toBe('program true true wrong wrong\n')
})

test('a bundle that is replaced meanwhile gets no code of the one before', async () => {
  await using one = await bundleOf({
    'program.cjs': "require('node:fs').readFileSync(process.env.PIPE); console.log('1')",
  })
  await using other = await bundleOf({
    'program.cjs': "require('node:fs').readFileSync(process.env.PIPE); console.log('2')",
  })
  const pipe = join(one.place, 'pipe')
  await runCommand('mkfifo', [pipe])
  const first = one.run({ PIPE: pipe, NODE_PRESERVE_SYMLINKS_MAIN: '1' })
  const writer = await open(pipe, 'w')
  await rename(join(one.place, 'current'), join(one.place, 'before'))
  await symlink(join(other.place, 'current'), join(one.place, 'current'))
  await writer.close()
  expect((await first).stdout).toBe('1\n')
  expect((await one.run({ PIPE: '/dev/null' })).stdout).toBe('2\n')
})

test('where coverage is taken nothing is kept', async () => {
  await using bundle = await bundleOf({ 'program.cjs': "console.log('done')" })
  const folder = join(bundle.place, 'current')
  const files = await readdir(folder)
  expect((await bundle.run({ NODE_V8_COVERAGE: join(bundle.place, 'coverage') })).stdout).toBe('done\n')
  expect(await readdir(folder)).toEqual(files)
})
