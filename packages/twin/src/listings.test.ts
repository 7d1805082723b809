import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { listRepository } from './listings.ts'
import { openStorage } from './storage.ts'

test('a listing is whole while others publish: what they rename meanwhile is in it or not', async () => {
  const root = await mkdtemp(join(tmpdir(), 'twin-listings-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const storage = await openStorage(root)
  const repository = join(storage.users, 'alice.3bot')
  await mkdir(repository, { recursive: true })
  const kept = Array.from({ length: 100 }, (_, number) => `kept-${number}.flist`).sort()
  for (const name of kept) await writeFile(join(repository, name), 'x')

  let published = 0
  let goOn = true
  const publishing = (async () => {
    for (; goOn; published++) {
      // They come last in the order of names, and so are long gone when it is their turn.
      const [upload, link] = [`upload-${published}.flist`, `upload-link-${published}.flist`]
      await writeFile(join(repository, upload), 'y')
      await symlink(upload, join(repository, link))
      await rename(join(repository, upload), join(repository, 'app-1.flist'))
      await rename(join(repository, link), join(repository, 'app.flist'))
    }
  })()
  try {
    for (let looks = 0; looks < 30; looks++) {
      const names = (await listRepository(storage, 'alice.3bot')).map(({ name }) => name)
      expect(names.filter((name) => name.startsWith('kept-'))).toEqual(kept)
    }
  } finally {
    goOn = false
    await publishing
  }
  expect(published).toBeGreaterThan(10)
})
