import { cp, mkdir, mkdtempDisposable, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleCommandLine, installBundle } from '../setup/bundle.ts'
import { runCommand } from './harness/command.ts'

/** A bundle of its own for a test, and `flist ls` of a file that is none with it: what came of it, and how many functions were compiled. */
async function bundleInUse() {
  const place = await mkdtempDisposable(join(tmpdir(), 'flist-bundle-'))
  installBundle(await bundleCommandLine(), place.path, new Date())
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
