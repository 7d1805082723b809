import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { requireDiskSpace } from './disk-space.ts'

test('a disk that is too full is told before the work, with what is needed, free, and to be removed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flist-disk-'))
  try {
    await requireDiskSpace(join(folder, 'not-there-yet'), 1)
    const error = await requireDiskSpace(folder, 2 ** 60).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'disk-full' })
    expect(error.message).toMatch(/are free, .* are needed; remove what is not used.*docker image prune/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
