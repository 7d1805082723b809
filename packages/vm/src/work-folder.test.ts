import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeTools } from '../test/fake-tools.ts'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { createWorkFolder, removeWorkFolder } from './work-folder.ts'

const modeOf = async (path: string) => ((await lstat(path)).mode & 0o7777).toString(8)

test('every user may enter it, run the hooks and make a root in it', async () => {
  await using temporary = await temporaryFolder()
  const folder = await createWorkFolder(temporary.path)
  expect(await modeOf(folder.path)).toBe('755')
  expect(await modeOf(folder.root)).toBe('1777')
  expect(await modeOf(folder.setupHook)).toBe('755')
  expect(await modeOf(folder.customizeHook)).toBe('755')
  expect(await readFile(folder.setupHook, 'utf8')).toMatch(/^#!\/bin\/sh\nset -eu\n/)
})

test.each([[[]], [['mmdebstrap', '--unshare-helper']]])('it is removed with everything in it (%j)', async (cleaner) => {
  await using temporary = await temporaryFolder()
  const tools = await fakeTools(temporary.path, 'exit 1')
  const folder = await createWorkFolder(temporary.path)
  await mkdir(join(folder.root, 'mmdebstrap.x/etc'), { recursive: true })
  await writeFile(join(folder.root, 'mmdebstrap.x/etc/passwd'), '')
  await removeWorkFolder(folder, cleaner, tools)
  expect(await readdir(temporary.path)).toEqual(['bin'])
})
