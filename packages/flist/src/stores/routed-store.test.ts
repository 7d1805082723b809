import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inDirectory } from '../../test/raw-flist.ts'
import { FL_CHUNKS } from '../codec/chunk-format.ts'
import { openDirectoryStore } from './directory-store.ts'
import { openRoutes } from './routed-store.ts'

/** Chunks whose ids begin below 0x80, and from there on. */
const chunks = Array.from({ length: 20 }, (_, i) => FL_CHUNKS.encode(Buffer.from(`${i}`)))
const low = chunks.filter(({ id }) => (id[0] ?? 0) < 0x80)
const high = chunks.filter(({ id }) => (id[0] ?? 0) >= 0x80)
const ids = chunks.map(({ id }) => id)

/** Two directories, the first with the low chunks, the second with the high ones, and routes to them. */
function inShards(action: (one: string, two: string) => Promise<void>): Promise<void> {
  return inDirectory(async (directory) => {
    const [one, two] = [join(directory, 'one'), join(directory, 'two')]
    await (await openDirectoryStore(one)).put(low)
    await (await openDirectoryStore(two)).put(high)
    await action(one, two)
  })
}

test('each chunk comes from the store its id leads to', async () => {
  await inShards(async (one, two) => {
    const store = await openRoutes([
      { start: 0, end: 0x7f, url: `dir://${one}` },
      { start: 0x80, end: 0xff, url: `dir://${two}` },
    ])
    expect(await store.missing(ids)).toEqual([])
    for (const { id, data } of chunks) expect(Buffer.compare(await store.get(id), data)).toBe(0)
    await store.close()
  })
})

test('a chunk in the wrong store, or that no route leads to, is missing', async () => {
  await inShards(async (one, two) => {
    const store = await openRoutes([{ start: 0, end: 0x7f, url: `dir://${two}` }])
    expect(await store.missing(ids)).toEqual(ids)
    await expect(store.get(low[0]?.id ?? new Uint8Array())).rejects.toMatchObject({ code: 'chunk-missing' })
    await expect(store.get(high[0]?.id ?? new Uint8Array())).rejects.toThrow('no route leads to chunk')
    expect(await readdir(one)).not.toEqual([])
  })
})

test('of two stores for the same chunks one that has it is enough', async () => {
  await inShards(async (one, two) => {
    const store = await openRoutes([
      { start: 0, end: 0xff, url: `dir://${one}` },
      { start: 0, end: 0xff, url: `dir://${two}` },
    ])
    expect(await store.missing(ids)).toEqual([])
    for (const { id, data } of chunks) expect(Buffer.compare(await store.get(id), data)).toBe(0)
    const name = Buffer.from(high[0]?.id ?? []).toString('hex')
    await writeFile(join(two, name.slice(0, 2), name), 'changed')
    await expect(store.get(high[0]?.id ?? new Uint8Array())).rejects.toMatchObject({ code: 'chunk-missing' })
    await rm(two, { recursive: true })
    expect(await store.missing(ids)).toEqual(high.map(({ id }) => id))
  })
})

test('an address that is none fails', async () => {
  await expect(openRoutes([{ start: 0, end: 255, url: 's3://bucket' }])).rejects.toMatchObject({ code: 'invalid' })
})
