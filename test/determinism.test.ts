import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type FakeRegistry, startRegistry } from '../packages/registry/test/fake-registry.ts'
import type { ImageFixture } from '../packages/registry/test/image-fixture.ts'
import {
  device,
  directory,
  type Fixtures,
  file,
  hardlink,
  symlink,
  whiteout,
} from '../packages/rootfs/test/layer-builder.ts'
import { type CommandOptions, repository, runCommand } from './harness/command.ts'
import { imageOf, writeLayoutDirectory } from './harness/image-layout.ts'

/**
 * The same image is the same flist, byte for byte, whatever runs `flist convert` and in which order things arrive: both formats,
 * as files of a process of its own. That another Node, with another SQLite and zlib, and another processor make the same
 * bytes was tried by hand (docs/determinism.md); here only what one machine has can be.
 */

/** Text that does not repeat, so that every chunk is another one. */
function text(seed: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 8 <= length; at += 8) bytes.write(((seed + at * 2654435761) >>> 0).toString(36).padEnd(8), at)
  return bytes
}

const small: readonly Fixtures[] = [
  {
    'bin/': directory(),
    'bin/busybox': { ...file('', { mode: 0o4755, uid: 1, mtime: 1_700_000_000 }), content: text(1, 1_300_000) },
    'bin/sh': symlink('busybox'),
    'bin/ls': hardlink('bin/busybox'),
    'dev/null': device(1, 3),
    'etc/old': file('to be removed'),
    'etc/\u00fc\u65e5': file('umlaut'),
  },
  { 'lib/libc.so': { ...file(), content: text(2, 700_000) }, 'etc/.wh.old': whiteout() },
  { 'etc/Z': file('upper', { mtime: 5 }), 'etc/a': file('lower', { gid: 70_000 }), 'srv/app/x': file('x') },
]

let folder: string
let layout: string
let image: ImageFixture
/** What every other conversion has to give. */
let expected: Conversion
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-determinism-'))
  await chmod(folder, 0o755)
  layout = join(folder, 'layout')
  image = await imageOf(small)
  await writeLayoutDirectory(layout, image)
  expected = await convert(layout)
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

type Conversion = { readonly flist: Buffer; readonly fl: Buffer }

type How = {
  readonly options?: readonly string[]
  readonly run?: CommandOptions
  /** A program that runs the command, with its arguments. */
  readonly through?: readonly string[]
  /** Chunks and cached layers; new ones unless given. */
  readonly chunks?: string
}

/** Both formats of a source, one after the other. */
async function convert(
  source: string,
  { options = [], run = {}, through = [], chunks }: How = {},
): Promise<Conversion> {
  const work = await mkdtemp(join(folder, 'work-'))
  await chmod(work, 0o777)
  const one = async (name: string) => {
    const output = join(work, name)
    const store = ['--chunks', chunks ?? join(work, 'chunks'), '--backend', 'zdb://hub.example:9900/default']
    const command = [...through, join(repository, 'flist'), 'convert', source, '-o', output, ...store, ...options]
    const { code, stderr } = await runCommand(command[0] ?? '', command.slice(1), run)
    expect(code, stderr).toBe(0)
    return readFile(output)
  }
  return { flist: await one('out.flist'), fl: await one('out.fl') }
}

/** Not toEqual: a difference of two files is no message. */
function expectSame(actual: Conversion, wanted = expected): void {
  expect({ flist: actual.flist.equals(wanted.flist), fl: actual.fl.equals(wanted.fl) }).toEqual({
    flist: true,
    fl: true,
  })
}

describe('the number of threads', () => {
  test('changes nothing, with content enough for all of them', async () => {
    const large = join(folder, 'large')
    const layers = [1, 2, 3].map((n) => ({
      [`large-${n}`]: { ...file(), content: text(n, 9_000_000) },
      [`small-${n}`]: file(`${n}`),
    }))
    await writeLayoutDirectory(large, await imageOf(layers, { compression: 'none' }))
    const wanted = await convert(large, { options: ['--workers', '0'] })
    for (const workers of ['1', '2', '4']) expectSame(await convert(large, { options: ['--workers', workers] }), wanted)
  }, 120_000)
})

describe('the order in which layers arrive', () => {
  async function registryThatDelays(late: number): Promise<FakeRegistry> {
    const slow = image.layers[late]
    const registry = await startRegistry((request, response) => {
      if (slow === undefined || !request.url?.endsWith(slow.digest)) return false
      const send = () => response.writeHead(200, { 'content-length': slow.size }).end(slow.bytes)
      void setTimeout(300).then(send)
      return true
    })
    onTestFinished(() => registry.close())
    registry.putImage('app', image, '1')
    return registry
  }

  test.each(small.map((_, late) => late))('changes nothing: layer %d last', async (late) => {
    const { host } = await registryThatDelays(late)
    expectSame(await convert(`${host}/app:1`))
  })
})

describe('what is known from earlier conversions', () => {
  test('changes nothing: all layers, each of them missing, no chunks, no table of known chunks', async () => {
    const chunks = join(folder, 'kept')
    const withCache = () => convert(layout, { chunks })
    expectSame(await withCache())
    expectSame(await withCache())
    for (const name of await readdir(join(chunks, 'layers'))) {
      await rm(join(chunks, 'layers', name), { recursive: true })
      expectSame(await withCache())
    }
    await rm(join(chunks, 'layers'), { recursive: true })
    expectSame(await withCache())
    await rm(join(chunks, 'known-chunks'))
    expectSame(await convert(layout, { chunks, options: ['--no-cache'] }))
    for (const name of await readdir(chunks)) {
      if (/^[0-9a-f]{2}$/.test(name)) await rm(join(chunks, name), { recursive: true })
    }
    expectSame(await withCache())
  }, 120_000)

  test('changes nothing: layers of another image, in another order', async () => {
    const [first, second, third] = small
    if (!first || !second || !third) throw new Error('three layers')
    const [chunks, other] = [join(folder, 'other-kept'), join(folder, 'other')]
    await writeLayoutDirectory(other, await imageOf([third, first]))
    await convert(other, { chunks })
    expectSame(await convert(layout, { chunks }))
  })
})

describe('the machine', () => {
  const environments: readonly [string, CommandOptions][] = [
    ['the time zone', { env: { TZ: 'Asia/Kathmandu' } }],
    ['the locale', { env: { LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' } }],
    ['the working directory', { cwd: '/' }],
    ['the home and the name of the user', { env: { HOME: '/nonexistent', USER: 'nobody', LOGNAME: 'nobody' } }],
  ]

  test.each(environments)('changes nothing by %s', async (_, run) => {
    expectSame(await convert(layout, { run }))
  })

  test.each(['000', '077'])('changes nothing by the umask %s', async (mask) => {
    expectSame(await convert(layout, { through: ['sh', '-c', `umask ${mask}; exec "$0" "$@"`] }))
  })

  test('changes nothing by the user who converts', async () => {
    // Who is not root cannot become another, and is another than who made the same image elsewhere.
    const capability = '+dac_read_search'
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
    const reading = [`--inh-caps=${capability}`, `--ambient-caps=${capability}`]
    expectSame(await convert(layout, { through: process.geteuid?.() === 0 ? ['setpriv', ...nobody, ...reading] : [] }))
  })

  test('changes nothing by a clock that is years away', async () => {
    const clock = join(folder, 'clock.cjs')
    await writeFile(
      clock,
      `const { now } = Date
      Date.now = () => now() + 1e12
      globalThis.Date = new Proxy(Date, {
        construct: (target, args) => new target(...(args.length > 0 ? args : [target.now()])),
      })`,
    )
    expectSame(await convert(layout, { run: { env: { NODE_OPTIONS: `--require=${clock}` } } }))
  })
})
