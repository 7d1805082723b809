import { execFileSync } from 'node:child_process'
import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { createBootFolder, removeLeftovers } from './boot-folder.ts'

async function leftover(temporary: string, name: string, owner: unknown): Promise<void> {
  await mkdir(join(temporary, name, 'machine'), { recursive: true })
  await writeFile(join(temporary, name, 'owner.json'), typeof owner === 'string' ? owner : JSON.stringify(owner))
}

test('folders whose process is gone are removed, others are not', async () => {
  await using temporary = await temporaryFolder()
  const mine = await createBootFolder(temporary.path)
  const gone = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }))
  await leftover(temporary.path, 'flist-boot-gone', { process: gone, startedAt: '1' })
  // The id is used again, by a process that was started at another time.
  await leftover(temporary.path, 'flist-boot-reused', { process: process.pid, startedAt: '1' })
  await leftover(temporary.path, 'flist-boot-damaged', '{')
  await leftover(temporary.path, 'something-else', '{')
  await mkdir(join(temporary.path, 'flist-boot-young'))
  await mkdir(join(temporary.path, 'flist-boot-old'))
  await utimes(join(temporary.path, 'flist-boot-old'), 1, 1)
  const removed = await removeLeftovers(temporary.path)
  expect(removed.map((path) => basename(path)).sort()).toEqual([
    'flist-boot-damaged',
    'flist-boot-gone',
    'flist-boot-old',
    'flist-boot-reused',
  ])
  expect((await readdir(temporary.path)).sort()).toEqual([basename(mine), 'flist-boot-young', 'something-else'].sort())
})

test('folders of other users are left, and so are links', async () => {
  await using temporary = await temporaryFolder()
  await leftover(temporary.path, 'flist-boot-gone', '{')
  await symlink('flist-boot-gone', join(temporary.path, 'flist-boot-link'))
  expect(await removeLeftovers(temporary.path, 'flist-boot-', (process.getuid?.() ?? 0) + 1)).toEqual([])
  expect(await removeLeftovers(temporary.path)).toEqual([join(temporary.path, 'flist-boot-gone')])
  expect(await readdir(temporary.path)).toEqual(['flist-boot-link'])
})
