import { damaged } from './output-bytes.ts'

/** Compressed bytes, read from the front; reading over their end is an error that names the compression. */
export class InputBytes {
  at = 0
  readonly name: string
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(name: string, bytes: Uint8Array) {
    this.name = name
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  byte(): number {
    const value = this.#bytes[this.at]
    if (value === undefined) throw damaged(this.name, 'it ends in the middle')
    this.at += 1
    return value
  }

  take(count: number): Uint8Array {
    this.#need(count)
    this.at += count
    return this.#bytes.subarray(this.at - count, this.at)
  }

  uint16(littleEndian: boolean): number {
    this.#need(2)
    this.at += 2
    return this.#view.getUint16(this.at - 2, littleEndian)
  }

  uint32(littleEndian: boolean): number {
    this.#need(4)
    this.at += 4
    return this.#view.getUint32(this.at - 4, littleEndian)
  }

  #need(count: number): void {
    if (count > this.left) throw damaged(this.name, 'it ends in the middle')
  }
}
