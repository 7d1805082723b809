import { realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { runToEnd } from './run-to-end.ts'

const shell = (script: string) => ['sh', '-c', script]

test('what it wrote is returned; relative paths mean what they mean here', async () => {
  expect(await runToEnd(shell('pwd -P'))).toBe(`${await realpath(process.cwd())}\n`)
})

test('another place to work in', async () => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'name'), 'text')
  expect(await runToEnd(['cat', 'name'], undefined, folder.path)).toBe('text')
})

test('one that fails is told with what it said last', async () => {
  await expect(runToEnd(shell('echo one >&2; echo two >&2; exit 3'))).rejects.toMatchObject({
    code: 'boot-failed',
    message: 'sh: ended with exit code 3 after "two"; see its last lines',
    output: ['one', 'two'],
  })
})

test.each([
  ['echo "tar: a: No space left on device" >&2; exit 2', /^sh: ended with exit code 2 after ".*"; free disk space$/],
  ['kill -9 $$', /^sh: was killed after ""; see its last lines$/],
])('%s', async (script, message) => {
  await expect(runToEnd(shell(script))).rejects.toThrow(message)
})

test('one that is stopped is no failure of its own', async () => {
  await expect(runToEnd(shell('exec sleep 60'), AbortSignal.timeout(100))).rejects.toMatchObject({
    code: 'cancelled',
    message: 'sh: cancelled by the caller; run it again',
  })
})
