import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChunkList, FL_CHUNKS, FLIST_CHUNKS } from '@tf-images/flist'
import { encodeLayer, type Layer } from '@tf-images/rootfs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CONVERTER_VERSION } from './build-id.ts'
import { type LayerCache, openLayerCache } from './layer-cache.ts'

const diffId = `sha256:${'1'.repeat(64)}`
const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: -1, mtimeNanos: 5 }
/** What an index of the layer must say it is of. */
const identity = `${diffId} converter ${CONVERTER_VERSION} chunks flist 524288`
/** A file of two chunks. */
const layer: Layer<ChunkList> = {
  name: 'layer 1',
  entries: [
    { type: 'file', path: 'caf\xe9', ...attributes, size: 600_000, content: new Uint8Array(64).fill(7) },
    { type: 'whiteout', path: 'etc/old' },
  ],
}

let folder: string
let cache: LayerCache
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'flist-layer-cache-')), 'layers')
  cache = openLayerCache(folder)
})
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }))

const load = () => cache.load(diffId, FLIST_CHUNKS, 'layer 1')

test('a layer is found again by diffID and chunk format, under the name it has in the image', async () => {
  expect(await load()).toBeUndefined()
  await cache.save(diffId, FLIST_CHUNKS, layer)
  expect(await load()).toEqual(layer)
  expect((await openLayerCache(folder).load(diffId, FLIST_CHUNKS, 'layer 9'))?.name).toBe('layer 9')
  expect(await cache.load(`sha256:${'2'.repeat(64)}`, FLIST_CHUNKS, 'layer 1')).toBeUndefined()
  expect(await cache.load(diffId, FL_CHUNKS, 'layer 1')).toBeUndefined()
})

test('one that is kept by many at the same time is whole, and nothing else is left', async () => {
  await Promise.all(Array.from({ length: 20 }, () => openLayerCache(folder).save(diffId, FLIST_CHUNKS, layer)))
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
  expect(await load()).toEqual(layer)
})

test.each<[string, (path: string) => Promise<void>]>([
  [
    'the index of another layer',
    (path) =>
      writeFile(
        path,
        encodeLayer(layer, 'another', (content) => content),
      ),
  ],
  [
    'an index by name, with lists of chunks that do not fit the sizes of the files',
    (path) =>
      writeFile(
        path,
        encodeLayer(layer, identity, (content) => content.subarray(0, 32)),
      ),
  ],
  ['no index', (path) => writeFile(path, 'x')],
  [
    'a file too large to be one, which is not read',
    async (path) => {
      await writeFile(path, '')
      await truncate(path, 2 ** 33)
    },
  ],
])('%s is deleted', async (_, replace) => {
  await cache.save(diffId, FLIST_CHUNKS, layer)
  const [name = ''] = await readdir(folder)
  await replace(join(folder, name))
  expect(await load()).toBeUndefined()
  expect(await readdir(folder)).toEqual([])
})

test('an index made elsewhere, of the same layer by the same converter, is as good', async () => {
  await cache.save(diffId, FLIST_CHUNKS, layer)
  const [name = ''] = await readdir(folder)
  await writeFile(
    join(folder, name),
    encodeLayer(layer, identity, (content) => content),
  )
  expect(await load()).toEqual(layer)
})
