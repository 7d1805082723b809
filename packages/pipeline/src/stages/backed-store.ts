import { type ChunkStore, FlistError } from '@tf-images/flist'

/**
 * A store of what another one lacks: chunks that `below` has are not stored again, and are read from there. What is in `own` in the end
 * is what has to be sent.
 *
 * @param below only read from; closed together with `own`
 */
export function storeOver(own: ChunkStore, below: Pick<ChunkStore, 'missing' | 'get' | 'close'>): ChunkStore {
  return {
    missing: async (ids) => below.missing(await own.missing(ids)),
    async get(id) {
      try {
        return await own.get(id)
      } catch (error) {
        if (error instanceof FlistError && error.code === 'chunk-missing') return below.get(id)
        throw error
      }
    },
    put: (chunks) => own.put(chunks),
    async close() {
      await Promise.all([own.close(), below.close()])
    },
  }
}
