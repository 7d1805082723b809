/** Bytes that come bit by bit, in pieces: memory that doubled would be needed twice. */
export type GrowingBytes = {
  readonly length: number
  add(bytes: Uint8Array): void
  /** Has `write` put up to `space` bytes at a place; it gives where they end. */
  write(space: number, write: (buffer: Buffer, view: DataView, at: number) => number): void
  /** All of it, as views. */
  pieces(): Uint8Array[]
}

const PIECE_BYTES = 256 * 1024

export function createGrowingBytes(): GrowingBytes {
  const full: Uint8Array[] = []
  let buffer = Buffer.alloc(0)
  let view = new DataView(buffer.buffer)
  let used = 0
  let length = 0

  function reserve(space: number): void {
    if (used + space <= buffer.length) return
    full.push(buffer.subarray(0, used))
    buffer = Buffer.allocUnsafeSlow(Math.max(space, PIECE_BYTES))
    view = new DataView(buffer.buffer)
    used = 0
  }

  return {
    get length() {
      return length
    },
    add(bytes) {
      reserve(bytes.length)
      buffer.set(bytes, used)
      used += bytes.length
      length += bytes.length
    },
    write(space, write) {
      reserve(space)
      const end = write(buffer, view, used)
      length += end - used
      used = end
    },
    pieces: () => [...full, buffer.subarray(0, used)],
  }
}
