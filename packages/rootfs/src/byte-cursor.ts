const EMPTY = Buffer.alloc(0)

/**
 * Reads a stream of chunks by counts of bytes. Whatever lies within one chunk is handed out as a view on it without
 * waiting; only what crosses a chunk border is copied or awaited. It lives until {@link ByteCursor.close}.
 */
export class ByteCursor {
  readonly #iterator: AsyncIterator<Uint8Array>
  #chunk: Buffer = EMPTY
  #start = 0
  #chunkOffset = 0
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]()
  }

  /** How many bytes were handed out. */
  get offset(): number {
    return this.#chunkOffset + this.#start
  }

  /** Exactly `length` bytes if they are at hand, else `undefined`: then {@link ByteCursor.read} them. */
  take(length: number): Buffer | undefined {
    const end = this.#start + length
    if (end > this.#chunk.length) return undefined
    const bytes = this.#chunk.subarray(this.#start, end)
    this.#start = end
    return bytes
  }

  /** `length` bytes; fewer only at the end of the stream. */
  async read(length: number): Promise<Buffer> {
    const whole = this.take(length)
    if (whole !== undefined) return whole
    const bytes = Buffer.allocUnsafe(length)
    let count = 0
    while (count < length) {
      // copied at once, as the source may use its buffer again for the next chunk
      const part = this.some(length - count)
      if (part !== undefined) count += part.copy(bytes, count)
      else if (!(await this.fill())) break
    }
    return bytes.subarray(0, count)
  }

  /** Between 1 and `most` bytes that are at hand, `undefined` when the next ones must be awaited with `fill`. */
  some(most: number): Buffer | undefined {
    const end = Math.min(this.#start + most, this.#chunk.length)
    if (end === this.#start) return undefined
    const bytes = this.#chunk.subarray(this.#start, end)
    this.#start = end
    return bytes
  }

  /** Waits until bytes are at hand; `false` at the end of the stream. */
  async fill(): Promise<boolean> {
    while (this.#start === this.#chunk.length) {
      if (this.#ended) return false
      this.#ended = true // also when next() throws: a failed iterator is not asked or closed again
      const { done, value } = await this.#iterator.next()
      if (done) return false
      this.#ended = false
      this.#chunkOffset += this.#chunk.length
      this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      this.#start = 0
    }
    return true
  }

  /** Passes over `length` bytes; returns how many there were. */
  async skip(length: number): Promise<number> {
    let left = length
    while (left > 0) {
      const bytes = this.some(left)
      if (bytes !== undefined) left -= bytes.length
      else if (!(await this.fill())) break
    }
    return length - left
  }

  /** The bytes that are left, chunk by chunk. */
  async *rest(): AsyncGenerator<Buffer> {
    do {
      const bytes = this.some(Number.MAX_SAFE_INTEGER)
      if (bytes !== undefined) yield bytes
    } while (await this.fill())
  }

  /** Puts bytes back that were just read. */
  unread(bytes: Buffer): void {
    const isHere = bytes.buffer === this.#chunk.buffer && bytes.length <= this.#start
    if (isHere && bytes.byteOffset + bytes.length === this.#chunk.byteOffset + this.#start) {
      this.#start -= bytes.length
      return
    }
    const rest = this.#chunk.subarray(this.#start)
    this.#chunkOffset = this.offset - bytes.length
    this.#chunk = Buffer.concat([bytes, rest])
    this.#start = 0
  }

  /** Passes over everything that is left. */
  async drain(): Promise<void> {
    do this.some(Number.MAX_SAFE_INTEGER)
    while (await this.fill())
  }

  /** Lets go of the source; a source that was not read to its end is told so. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#iterator.return?.()
  }
}
