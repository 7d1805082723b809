import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeTools } from '../test/fake-tools.ts'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { bootstrapDebian } from './bootstrap.ts'
import type { BootstrapOptions } from './bootstrap-options.ts'

async function bootstrapWith(mmdebstrap: string, more: Partial<BootstrapOptions> = {}) {
  await using folder = await temporaryFolder()
  const temporary = join(folder.path, 'tmp')
  await mkdir(temporary)
  const lines: string[] = []
  const options: BootstrapOptions = {
    release: 'bookworm',
    components: ['main'],
    sourceDateEpoch: 1_700_000_000,
    output: join(folder.path, 'root.tar'),
    onProgress: (line) => lines.push(line),
    temporary,
    searchPath: await fakeTools(folder.path, mmdebstrap),
    ...more,
  }
  const outcome = await bootstrapDebian(options).then(
    async (result) => ({ result, written: await readFile(options.output, 'latin1') }),
    (error: unknown) => ({ error }),
  )
  return { ...outcome, lines, left: await readdir(temporary), files: (await readdir(folder.path)).toSorted() }
}

test('the tar begins with /dev and goes on with what mmdebstrap writes', async () => {
  const seen = await bootstrapWith(
    'echo "I: working" >&2; echo "W: odd" >&2; echo "apt says" >&2; printf "%s\\n" "$@"; echo $SOURCE_DATE_EPOCH',
  )
  expect('result' in seen && seen.result).toMatchObject({
    size: expect.any(Number),
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  const written = 'written' in seen ? seen.written : ''
  expect(written.slice(0, 6)).toBe('./dev/')
  expect(written.slice(512).split('\n')).toEqual(
    expect.arrayContaining(['--mode=unshare', '--variant=minbase', 'bookworm', '-', '1700000000']),
  )
  expect(seen).toMatchObject({ lines: ['working', 'odd'], left: [], files: ['bin', 'root.tar', 'tmp'] })
})

test('a failure leaves nothing and has the last lines', async () => {
  const seen = await bootstrapWith(
    'mkdir "$TMPDIR/mmdebstrap.x"; printf part; echo "E: Unable to locate package x" >&2; exit 25',
  )
  expect(seen).toMatchObject({
    error: {
      name: 'VmError',
      code: 'bootstrap-failed',
      message:
        'bootstrap of "bookworm": mmdebstrap ended with exit code 25 after "E: Unable to locate package x"; check the names of the packages',
      output: ['E: Unable to locate package x'],
    },
    left: [],
    files: ['bin', 'tmp'],
  })
})

test('cancelling leaves nothing', async () => {
  const controller = new AbortController()
  const onProgress = () => controller.abort()
  const seen = await bootstrapWith('printf part; echo "I: working" >&2; sleep 60', {
    signal: controller.signal,
    onProgress,
  })
  expect(seen).toMatchObject({
    error: { code: 'cancelled', message: 'bootstrap of "bookworm": cancelled by the caller; run it again' },
    left: [],
    files: ['bin', 'tmp'],
  })
})

test('one that was cancelled before it began starts nothing', async () => {
  const seen = await bootstrapWith('echo "I: started" >&2', { signal: AbortSignal.abort() })
  expect(seen).toMatchObject({ error: { code: 'cancelled' }, lines: [], left: [], files: ['bin', 'tmp'] })
})

test('a missing tool is named with its package', async () => {
  expect(await bootstrapWith('', { searchPath: ['/nonexistent'] })).toMatchObject({
    error: {
      code: 'tool-missing',
      message: 'bootstrap: there is no program "mmdebstrap" on this machine; install it (apt-get install mmdebstrap)',
      debianPackage: 'mmdebstrap',
    },
  })
})

test('options are checked before anything is looked for', async () => {
  expect(await bootstrapWith('', { release: '-x', searchPath: [] })).toMatchObject({
    error: { code: 'invalid-options' },
  })
})

test('the output has to be in a directory that is there', async () => {
  expect(await bootstrapWith('', { output: '/nonexistent/root.tar' })).toMatchObject({
    error: {
      code: 'bootstrap-failed',
      message: expect.stringMatching(/^\/nonexistent\/root.tar: ENOENT: .*; give a place that can be written$/),
    },
    left: [],
  })
})
