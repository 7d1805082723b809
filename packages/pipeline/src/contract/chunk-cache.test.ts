import { readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chunkId, FlistError } from '@tf-images/flist'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/converted.ts'
import { openChunkCache } from './chunk-cache.ts'

const chunk = (text: string) => {
  const data = Buffer.from(text.padEnd(100, '.'))
  return { id: chunkId(data), data }
}
const [a, b, c] = [chunk('a'), chunk('b'), chunk('c')]
const roomy = 1 << 20

/** A store that counts what it is asked for. */
function backend() {
  const asked: string[] = []
  const get = async (id: Uint8Array) => {
    const found = [a, b, c].find((each) => Buffer.compare(each.id, id) === 0)
    if (!found) throw new FlistError('chunk-missing', 'there is none')
    asked.push(String(found.data[0]))
    return found.data
  }
  return { get, asked }
}

async function files(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).filter((name) => /^..\/[0-9a-f]+$/.test(name))
}

const pathOf = (folder: string, { id }: { id: Uint8Array }) => {
  const name = Buffer.from(id).toString('hex')
  return join(folder, name.slice(0, 2), name.slice(2))
}

test('what was fetched once is not asked for again, by another process neither', async () => {
  const folder = await temporaryFolder()
  const store = backend()
  const first = await openChunkCache(store, folder, roomy)
  expect(Buffer.from(await first.get(a.id))).toEqual(a.data)
  await first.get(b.id)
  await first.get(a.id)
  expect(first.fetches()).toEqual({ fetched: 2, fetchedBytes: 200, cached: 1 })
  const second = await openChunkCache(store, folder, roomy)
  for (const { id } of [a, b, c]) await second.get(id)
  expect(second.fetches()).toEqual({ fetched: 1, fetchedBytes: 100, cached: 2 })
  expect(store.asked).toHaveLength(3)
})

test('a damaged chunk is fetched again, and mended', async () => {
  const folder = await temporaryFolder()
  const store = backend()
  const cache = await openChunkCache(store, folder, roomy)
  await cache.get(a.id)
  await writeFile(pathOf(folder, a), 'something else')
  expect(Buffer.from(await cache.get(a.id))).toEqual(a.data)
  await cache.get(a.id)
  expect(cache.fetches()).toMatchObject({ fetched: 2, cached: 1 })
})

test('what the store does not have is its error, and nothing is kept', async () => {
  const folder = await temporaryFolder()
  const cache = await openChunkCache(backend(), folder, roomy)
  await expect(cache.get(chunk('d').id)).rejects.toMatchObject({ code: 'chunk-missing' })
  expect(await files(folder)).toEqual([])
})

test('a full cache loses what was not used for the longest time', async () => {
  const folder = await temporaryFolder()
  const before = await openChunkCache(backend(), folder, roomy)
  for (const { id } of [a, b, c]) await before.get(id)
  await before.trim()
  expect(await files(folder)).toHaveLength(3)
  // `a` is the oldest, and used again.
  for (const [each, time] of [
    [a, 1],
    [b, 2],
    [c, 3],
  ] as const)
    await utimes(pathOf(folder, each), time, time)
  const again = await openChunkCache(backend(), folder, 200)
  await again.get(a.id)
  await again.trim()
  const kept = [a, c].map((each) => pathOf(folder, each).slice(folder.length + 1))
  expect((await files(folder)).sort()).toEqual(kept.sort())
})
