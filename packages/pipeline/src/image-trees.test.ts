import { type ChunkList, type ChunkStore, FLIST_CHUNKS } from '@tf-images/flist'
import { applyLayers } from '@tf-images/rootfs'
import { expect, test } from 'vitest'
import { loadTree } from './image-trees.ts'
import { boundsOf, createBudget } from './limits.ts'
import type { TreeCache } from './tree-cache.ts'

const SOUND = new Uint8Array(16).fill(1)
const DAMAGED = new Uint8Array(16).fill(2)

test('what was looked for of a tree that turns out to be damaged decides nothing', async () => {
  const asked: string[] = []
  const missing: ChunkStore['missing'] = async (ids) => {
    asked.push(...ids.map(([first]) => (first === 1 ? 'sound' : 'damaged')))
    return ids.filter(([first]) => first === 2)
  }
  const store: ChunkStore = { missing, get: async () => SOUND, put: async () => {}, close: async () => {} }
  let loads = 0
  const trees: Pick<TreeCache, 'load'> = {
    async load(_, onChunks) {
      if (++loads === 1) {
        onChunks?.(DAMAGED)
        return undefined
      }
      onChunks?.(SOUND)
      const sums = { entries: 0, bytes: 0 }
      return { root: applyLayers<ChunkList>([]), chunkIds: SOUND, sums, saveParts: async () => {} }
    },
  }
  const kept = {
    cache: { trees: trees as TreeCache, load: async () => undefined, save: async () => {} },
    store,
    chunks: FLIST_CHUNKS,
    flush: async () => {},
    rest: async () => {},
  }
  const budget = createBudget(boundsOf(), 'image')
  const tree = await loadTree([{ diffId: 'a' }, { diffId: 'b' }], kept, budget)
  expect([tree?.layers, await tree?.isStored, asked]).toEqual([1, true, ['damaged', 'sound']])
})
