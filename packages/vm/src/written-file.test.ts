import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { writeFileWhole } from './written-file.ts'

test('a file is there when it is complete, with its size and hash', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'out')
  const written = await writeFileWhole(path, async (write) => {
    await write(Buffer.from('ab'))
    expect(await readdir(folder.path)).toEqual([expect.stringMatching(/^out\.[0-9a-f]+\.partial$/)])
    await write(Buffer.from('c'))
  })
  expect(written).toEqual({ size: 3, sha256: createHash('sha256').update('abc').digest('hex') })
  expect(await readFile(path, 'utf8')).toBe('abc')
  expect(await readdir(folder.path)).toEqual(['out'])
})

test('a failure leaves what was there before', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'out')
  await writeFile(path, 'old')
  const failure = writeFileWhole(path, async (write) => {
    await write(Buffer.from('new'))
    throw new Error('stop')
  })
  await expect(failure).rejects.toThrow('stop')
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await readdir(folder.path)).toEqual(['out'])
})

test('a directory that is not there', async () => {
  await expect(writeFileWhole('/nonexistent/out', async () => {})).rejects.toMatchObject({ code: 'ENOENT' })
})
