import { VmError } from '../errors.ts'

const firstCapacity = 1 << 16

/** The bytes a decompressor has made so far, up to a limit; what came before is the window that matches are copied from. */
export class OutputBytes {
  length = 0
  readonly #name: string
  readonly #limit: number
  #bytes: Uint8Array

  /**
   * @param name the compression, for messages
   * @param limit most bytes there may become
   */
  constructor(name: string, limit: number) {
    this.#name = name
    this.#limit = limit
    this.#bytes = new Uint8Array(Math.min(firstCapacity, limit))
  }

  /** A view of all bytes so far; valid until the next one is added. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  push(byte: number): void {
    if (this.length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.length++] = byte
  }

  append(part: Uint8Array): void {
    if (this.length + part.length > this.#bytes.length) this.#grow(part.length)
    this.#bytes.set(part, this.length)
    this.length += part.length
  }

  /** Appends `count` bytes that begin `distance` bytes back; they may overlap with what is being written. */
  repeat(distance: number, count: number): void {
    if (distance < 1 || distance > this.length) throw damaged(this.#name, 'it refers to bytes before its begin')
    if (this.length + count > this.#bytes.length) this.#grow(count)
    if (distance >= count) {
      this.#bytes.copyWithin(this.length, this.length - distance, this.length - distance + count)
      this.length += count
      return
    }
    for (let left = count; left > 0; left--, this.length++) {
      this.#bytes[this.length] = this.#bytes[this.length - distance] ?? 0
    }
  }

  #grow(more: number): void {
    const needed = this.length + more
    if (needed > this.#limit) {
      throw new VmError(
        'compressed-data',
        `${this.#name} data: unpacks to more than ${this.#limit} bytes; it is damaged or made to fill the memory`,
      )
    }
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, this.#bytes.length * 2)))
    grown.set(this.bytes)
    this.#bytes = grown
  }
}

/** The error for compressed data that can not be what its compressor wrote. */
export function damaged(name: string, what: string, cause?: unknown): VmError {
  return new VmError('compressed-data', `${name} data: ${what}; get the file again`, { cause })
}
