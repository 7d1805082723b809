import { RootfsError } from './error.ts'

/** Numbers and byte strings, one after another, in a buffer that grows. */
export class IndexWriter {
  #buffer = Buffer.allocUnsafeSlow(64 * 1024)
  #length = 0

  /** What was written so far, as a view. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  /** A whole number from 0 to 2^53 - 1 in groups of seven bits, the low ones first (LEB128). */
  number(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RootfsError('index', `layer index: ${value} is no whole number from 0 to 2^53 - 1; mend what made it`)
    }
    this.#reserve(8)
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#buffer[this.#length++] = (rest % 0x80) | 0x80
    this.#buffer[this.#length++] = rest
  }

  /** Bytes behind their number. */
  data(bytes: Uint8Array): void {
    this.number(bytes.length)
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** A byte string behind its length. */
  text(bytes: string): void {
    this.number(bytes.length)
    this.#reserve(bytes.length)
    this.#length += this.#buffer.write(bytes, this.#length, 'latin1')
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length))
    grown.set(this.bytes)
    this.#buffer = grown
  }
}

/** Reads what an {@link IndexWriter} wrote, and nothing else: every value has one form only. */
export class IndexReader {
  readonly #bytes: Buffer
  readonly #name: string
  #at = 0

  /** @param name what messages call the index */
  constructor(bytes: Buffer, name: string) {
    this.#bytes = bytes
    this.#name = name
  }

  byte(): number {
    const value = this.#bytes[this.#at]
    if (value === undefined) throw this.failure('it ends in the middle of an entry')
    this.#at += 1
    return value
  }

  /** A whole number up to `limit`, by default 2^53 - 1. */
  number(what: string, limit = Number.MAX_SAFE_INTEGER): number {
    const small = this.#small(limit)
    if (small !== undefined) return small
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (value > limit) throw this.failure(`${what} is more than ${limit}`)
      if (byte === 0 && scale > 1) throw this.failure(`${what} has leading zeros`)
      if (byte < 0x80) return value
      scale *= 0x80
      if (scale > Number.MAX_SAFE_INTEGER) throw this.failure(`${what} is more than ${limit}`)
    }
  }

  /** A view on bytes that stand behind their number. */
  data(what: string): Uint8Array {
    const length = this.#length(what)
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at - length, length)
  }

  text(what: string): string {
    const length = this.#length(what)
    return this.#bytes.toString('latin1', this.#at - length, this.#at)
  }

  /** A view on all bytes that are left. */
  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#at)
    this.#at = this.#bytes.length
    return rest
  }

  /** Nothing may come any more. */
  end(): void {
    if (this.#at < this.#bytes.length) throw this.failure('something stands behind its last entry')
  }

  failure(problem: string, cause?: unknown): RootfsError {
    return indexError(this.#name, problem, cause)
  }

  /** A number of one byte, as most are. */
  #small(limit: number): number | undefined {
    const byte = this.#bytes[this.#at]
    if (byte === undefined || byte >= 0x80 || byte > limit) return undefined
    this.#at += 1
    return byte
  }

  /** Reads a length and passes over so many bytes, which must be there. */
  #length(what: string): number {
    const length = this.#small(0x7f) ?? this.number(`the length of ${what}`)
    if (length > this.#bytes.length - this.#at) throw this.failure(`it ends in the middle of ${what}`)
    this.#at += length
    return length
  }
}

/** The error for bytes that are no index, or not the one that was meant. */
export function indexError(name: string, problem: string, cause?: unknown): RootfsError {
  const message = `${name}: ${problem}; delete it, and it is made again`
  return new RootfsError('index', message, cause === undefined ? {} : { cause })
}
