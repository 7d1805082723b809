import type { BlobBytes } from '@tf-images/registry'

/** A source that is read before anyone asks for it; to be iterated once, or closed. A piece is valid until the next is asked for. */
export type ReadAhead = AsyncIterable<Uint8Array> & {
  /** Ends the source. For one that will not be iterated, or not to its end. */
  readonly close: () => void
}

/**
 * Begins to read a source at once and stays up to `limit` bytes (and the last piece) ahead of its consumer, so that a
 * download goes on while other work is done. An error of the source reaches the consumer behind the bytes before it.
 */
export function readAhead(source: BlobBytes, limit: number): ReadAhead {
  const pieces: Uint8Array[] = []
  let held = 0
  let closed = false
  let ended = false
  let failure: { readonly error: unknown } | undefined
  let changed = Promise.withResolvers<void>()
  const change = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }

  async function fill(): Promise<void> {
    try {
      for await (const piece of source) {
        pieces.push(piece)
        held += piece.length
        change()
        while (held >= limit && !closed) await changed.promise
        if (closed) return
      }
    } catch (error) {
      failure = { error }
    } finally {
      ended = true
      change()
    }
  }

  async function* drain(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const piece = pieces.shift()
        if (piece) {
          held -= piece.length
          change()
          yield piece
          source.giveBack?.(piece)
        } else if (ended) break
        else await changed.promise
      }
      if (failure) throw failure.error
    } finally {
      close()
    }
  }

  function close(): void {
    closed = true
    pieces.length = 0
    change()
  }

  void fill()
  return { [Symbol.asyncIterator]: drain, close }
}
