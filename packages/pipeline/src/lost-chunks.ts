import type { Conversion } from './convert.ts'

type Done = Pick<Conversion, 'newChunks' | 'newBytes' | 'layers'>

/** The store lost chunks of a kept tree. Without the tree all that is lost is read again. */
export class LostChunks extends Error {
  readonly #done: Done

  /** @param done what was converted and stored before that was noticed */
  constructor(done: Done) {
    super('chunks of a kept tree are not in the chunk store any more')
    this.#done = done
  }

  /** A conversion that was made after it, with what was done before. */
  addTo(conversion: Conversion): Conversion {
    const newChunks = conversion.newChunks + this.#done.newChunks
    const newBytes = conversion.newBytes + this.#done.newBytes
    if (!conversion.layers || !this.#done.layers) return { ...conversion, newChunks, newBytes }
    const { total, cached } = conversion.layers
    const layers = { total, cached: cached - (total - this.#done.layers.cached) }
    return { ...conversion, newChunks, newBytes, layers }
  }
}
