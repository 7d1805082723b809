import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectedToBuild, expectedToConvert, layerBytes, requireDiskSpace, requireEngineSpace } from './disk-space.ts'

test('a disk that is too full is told before the work, with what is needed, free, and to be removed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flist-disk-'))
  try {
    await requireDiskSpace(join(folder, 'not-there-yet'), 1)
    const error = await requireDiskSpace(folder, 2 ** 60).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'disk-full' })
    expect(error.message).toMatch(/are free, .* are needed; remove what is not used.*docker image prune/)
    await expect(requireDiskSpace(folder, 2 ** 60, 'to build app')).rejects.toThrow(/ are needed to build app; remove/)
    await expect(requireEngineSpace(folder, 2 ** 60, 'to build app')).rejects.toMatchObject({ code: 'disk-full' })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('of an engine whose disk is not here nothing is known', async () => {
  await requireEngineSpace(undefined, 2 ** 60, 'to build app')
  await requireEngineSpace('/not/on/this/machine', 2 ** 60, 'to build app')
})

test('what is expected grows with the base, with the last build where there is one, and counts a layer once', () => {
  const base = layerBytes([
    { digest: 'sha256:a', size: 30_000_000 },
    { digest: 'sha256:b', size: 20_000_000 },
    { digest: 'sha256:a', size: 30_000_000 },
  ])
  expect(base).toBe(50_000_000)
  expect(expectedToBuild(base, undefined)).toBe(1_300_000_000)
  expect(expectedToBuild(base, 200_000_000)).toBe(900_000_000)
  expect(expectedToBuild(base, 10)).toBe(300_000_000)
  expect(expectedToConvert(base)).toBe(175_000_000)
})
