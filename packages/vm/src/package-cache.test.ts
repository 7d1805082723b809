import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { preparePackageCache } from './package-cache.ts'

test('packages are kept for a month after their last use; nothing else is touched', async () => {
  await using temporary = await temporaryFolder()
  const folder = join(temporary.path, 'a/b')
  await preparePackageCache(folder)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  for (const name of ['less_1_amd64.deb', 'less-1-1-x86_64.pkg.tar.zst', 'less-1-1-x86_64.pkg.tar.zst.sig', 'lock'])
    await writeFile(join(folder, name), '')
  const day = 24 * 60 * 60 * 1000
  await preparePackageCache(folder, Date.now() + 29 * day)
  expect(await readdir(folder)).toHaveLength(4)
  await preparePackageCache(folder, Date.now() + 31 * day)
  expect(await readdir(folder)).toEqual(['lock'])
})
