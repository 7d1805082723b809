import { mkdtemp, rm, symlink, truncate, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { encodeChunk } from '../codec/chunk.ts'
import { hasAllChunks } from './chunk-search.ts'
import type { ChunkStore } from './chunk-store.ts'
import { openDirectoryStore } from './directory-store.ts'

const CHUNKS = Array.from({ length: 40 }, (_, i) => encodeChunk(Buffer.from(`chunk ${i}`)))
/** Each of them twice. */
const IDS = Buffer.concat([...CHUNKS, ...CHUNKS].map(({ id }) => id))
const NAMES = CHUNKS.map(({ id }) => Buffer.from(id).toString('hex'))

let root: string
let store: ChunkStore
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flist-search-'))
  store = await openDirectoryStore(root)
  await store.put(CHUNKS)
})
afterEach(async () => {
  await store.close()
  await rm(root, { recursive: true })
})

const pathOf = (name = '') => join(root, name.slice(0, 2), name.slice(2))

const PLACES = [
  { place: 'in a thread', threadFrom: 1 },
  { place: 'where it is called', threadFrom: Number.POSITIVE_INFINITY },
]

test.each(PLACES)('chunks that are all there are found $place, and the ids stay as they were', async (options) => {
  const ids = Buffer.from(IDS)
  expect(await hasAllChunks(store, { ids, idBytes: 16 }, options)).toBe(true)
  expect(ids.equals(IDS)).toBe(true)
})

test.each(PLACES)('one chunk that is missing, or empty, is missed $place', async (options) => {
  await truncate(pathOf(NAMES[39]), 0)
  expect(await hasAllChunks(store, { ids: IDS, idBytes: 16 }, options)).toBe(false)
  await unlink(pathOf(NAMES[39]))
  expect(await hasAllChunks(store, { ids: IDS, idBytes: 16 }, options)).toBe(false)
  expect(await hasAllChunks(store, { ids: IDS.subarray(0, 39 * 16), idBytes: 16 }, options)).toBe(true)
})

test.each(PLACES)('no chunk at all is all there $place', async (options) => {
  expect(await hasAllChunks(store, { ids: new Uint8Array(0), idBytes: 16 }, options)).toBe(true)
})

test.each(PLACES)('what keeps from looking is told $place', async (options) => {
  const name = NAMES[0]
  await rm(join(root, name?.slice(0, 2) ?? ''), { recursive: true })
  await symlink(name?.slice(0, 2) ?? '', join(root, name?.slice(0, 2) ?? ''))
  await expect(hasAllChunks(store, { ids: IDS, idBytes: 16 }, options)).rejects.toMatchObject({
    name: 'FlistError',
    code: 'store-failed',
    message: `${root}: cannot look for chunk "${name}" (ELOOP); check the directory and its permissions`,
  })
})

test('a search that is aborted ends with the reason of the signal', async () => {
  const abort = new AbortController()
  const found = hasAllChunks(store, { ids: IDS, idBytes: 16 }, { threadFrom: 1, signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(found).rejects.toThrow('enough')
  await expect(hasAllChunks(store, { ids: IDS, idBytes: 16 }, { threadFrom: 1, signal: abort.signal })).rejects.toThrow(
    'enough',
  )
})

test('a store that is no directory is asked once for each id', async () => {
  const asked: string[] = []
  const other: Pick<ChunkStore, 'missing'> = {
    async missing(ids) {
      asked.push(...ids.map((id) => Buffer.from(id).toString('hex')))
      return ids.slice(0, 1)
    },
  }
  expect(await hasAllChunks(other, { ids: IDS, idBytes: 16 }, { threadFrom: 1 })).toBe(false)
  expect(asked).toEqual(NAMES)
})
