/** Bytes that come bit by bit, in pieces: memory that doubled would be needed twice. */
export type GrowingBytes = {
  readonly length: number
  add(bytes: Uint8Array): void
  /** All of it, as views. */
  pieces(): Uint8Array[]
}

const PIECE_BYTES = 256 * 1024

export function createGrowingBytes(): GrowingBytes {
  const full: Uint8Array[] = []
  let buffer = Buffer.alloc(0)
  let used = 0
  let length = 0
  return {
    get length() {
      return length
    },
    add(bytes) {
      if (used + bytes.length > buffer.length) {
        full.push(buffer.subarray(0, used))
        buffer = Buffer.allocUnsafeSlow(Math.max(bytes.length, PIECE_BYTES))
        used = 0
      }
      buffer.set(bytes, used)
      used += bytes.length
      length += bytes.length
    },
    pieces: () => [...full, buffer.subarray(0, used)],
  }
}
