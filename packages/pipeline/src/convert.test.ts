import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openFlist } from '@tf-images/flist'
import { expect, test } from 'vitest'
import { member, pax } from '../../rootfs/test/tar-builder.ts'
import { convertPath, temporaryFolder, writeImage } from '../test/converted.ts'
import { openLayerCache } from './layer-cache.ts'
import type { KeptNow, TreeCache } from './tree-cache.ts'

test('the image row has the hashes of the tree, with and without its times', async () => {
  const folder = await temporaryFolder()
  const path = await writeImage(folder, [member({ name: 'a', mtime: 5 }, 'x')], { Cmd: ['sh'] })
  const { treeHash, contentHash } = await convertPath(folder, path)
  using flist = await openFlist(join(folder, 'out.flist'))
  expect(JSON.parse(String(flist.metadata.image))).toMatchObject({ treeHash, contentHash })
  const later = await temporaryFolder()
  const again = await convertPath(
    later,
    await writeImage(later, [member({ name: 'a', mtime: 6 }, 'x')], { Cmd: ['sh'] }),
  )
  expect(again.contentHash).toBe(contentHash)
  expect(again.treeHash).not.toBe(treeHash)
})

test('layers from the cache are reported like converted ones', async () => {
  const folder = await temporaryFolder()
  const members = [
    pax([
      ['SCHILY.xattr.user.x', 'y'],
      ['mtime', '1.5'],
    ]),
    member({ name: 'a' }, 'x'),
  ]
  const path = await writeImage(folder, members, {})
  const layerCache = openLayerCache(join(folder, 'layers'))
  const first = await convertPath(folder, path, { layerCache })
  const second = await convertPath(folder, path, { layerCache })
  expect(second.layers).toEqual({ total: 1, cached: 1 })
  expect(second.fidelity).toEqual(first.fidelity)
  expect(first.fidelity.findings.map((finding) => finding.class)).toEqual(['xattr', 'sub-second-time'])
})

test('what is aborted while the flist is written leaves none', async () => {
  const folder = await temporaryFolder()
  const path = await writeImage(folder, [member({ name: 'a' }, 'x')], {})
  const abort = new AbortController()
  const { trees, ...layers } = openLayerCache(join(folder, 'layers'))
  const { keep, load } = trees as TreeCache
  // Nobody looks at the tree before all is read.
  const abortLater: TreeCache['keep'] = async (...tree) => {
    const kept = (await keep(...tree)) as KeptNow
    Object.defineProperty(kept.root, 'children', { get: () => abort.abort(new Error('enough')) ?? tree[1].children })
    return kept
  }
  const options = { layerCache: { ...layers, trees: { load, keep: abortLater } }, signal: abort.signal }
  await expect(convertPath(folder, path, options)).rejects.toThrow('enough')
  expect(existsSync(join(folder, 'out.flist'))).toBe(false)
})
