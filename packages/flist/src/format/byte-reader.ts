/** Takes bytes off a stream in pieces of a wanted size. */
export type ByteReader = {
  /** The next `length` bytes, fewer only where the stream ends. For small pieces: they are held in memory. */
  take(length: number): Promise<Buffer>
  /** Hands out the next `length` bytes as they come; gives the number of bytes that were there. */
  pass(length: number, sink: (bytes: Buffer) => Promise<void>): Promise<number>
}

/** A reader over a stream of bytes, which it ends once the stream is used up. */
export function createByteReader(source: AsyncIterable<Buffer>): ByteReader {
  const iterator = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)

  const next = async (length: number): Promise<Buffer> => {
    while (rest.length === 0) {
      const { value, done } = await iterator.next()
      if (done) return rest
      rest = value
    }
    const piece = rest.subarray(0, length)
    rest = rest.subarray(piece.length)
    return piece
  }

  const pass = async (length: number, sink: (bytes: Buffer) => Promise<void>): Promise<number> => {
    let passed = 0
    while (passed < length) {
      const piece = await next(length - passed)
      if (piece.length === 0) break
      passed += piece.length
      await sink(piece)
    }
    return passed
  }

  const take = async (length: number): Promise<Buffer> => {
    const pieces: Buffer[] = []
    await pass(length, async (piece) => void pieces.push(piece))
    return Buffer.concat(pieces)
  }

  return { take, pass }
}
