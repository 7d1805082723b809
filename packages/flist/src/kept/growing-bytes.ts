/** Bytes that come piece by piece, in memory that doubles. */
export type GrowingBytes = {
  readonly length: number
  add(bytes: Uint8Array): void
  /** Has `write` put up to `space` bytes at a place; it gives where they end. */
  write(space: number, write: (buffer: Buffer, view: DataView, at: number) => number): void
  /** All of it, as a view. */
  finish(): Buffer
}

const FIRST_BYTES = 64 * 1024

export function createGrowingBytes(): GrowingBytes {
  let buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  let view = new DataView(buffer.buffer)
  let length = 0

  function reserve(space: number): void {
    if (length + space <= buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(length + space, 2 * buffer.length))
    grown.set(buffer.subarray(0, length))
    buffer = grown
    view = new DataView(buffer.buffer)
  }

  return {
    get length() {
      return length
    },
    add(bytes) {
      reserve(bytes.length)
      buffer.set(bytes, length)
      length += bytes.length
    },
    write(space, write) {
      reserve(space)
      length = write(buffer, view, length)
    },
    finish: () => buffer.subarray(0, length),
  }
}
