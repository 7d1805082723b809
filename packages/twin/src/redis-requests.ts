/** The longest argument a 0-db takes (8 MiB), and what a whole request may have besides. */
export const LONGEST_VALUE = 8 * 1024 * 1024
const LONGEST_REST = 64 * 1024
const MOST_ARGUMENTS = 1024
/** `$8388608\r\n` and the like: a longer line is no header. */
const LONGEST_HEADER = 32

/** Why a connection can not go on: bytes that are no request, or a request over the limits. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: 'malformed' | 'too-big'

  constructor(code: 'malformed' | 'too-big', message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Cuts a byte stream into requests of the redis protocol: arrays of bulk strings, as 0-db and its clients speak it. At most
 * one request is held in memory, and a length over the limits is refused before its bytes are read. (`redis-parser` reads
 * replies: it has no limits, and its shared buffer pool keeps a process alive for seconds after large values.)
 */
export class RequestReader {
  #waiting: Buffer[] = []
  #waitingBytes = 0
  /** Bytes that must have arrived before parsing can go on. */
  #needed = 1
  #arguments: Buffer[] = []
  #argumentBytes = 0
  #argumentsLeft = 0
  #argumentLength: number | undefined;

  /**
   * Takes the next bytes and gives the requests they complete, in order.
   *
   * @throws RequestError after which nothing may be pushed any more
   */
  *push(bytes: Buffer): Generator<Buffer[]> {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    while (this.#waitingBytes >= this.#needed) {
      const request = this.#step()
      if (request) yield request
    }
  }

  /** Reads one header or one argument; gives the request when that was its last part. */
  #step(): Buffer[] | undefined {
    if (this.#argumentLength === undefined) {
      this.#readHeader()
      return undefined
    }
    const argument = this.#take(this.#argumentLength + 2).subarray(0, this.#argumentLength)
    this.#argumentLength = undefined
    this.#arguments.push(argument)
    if (--this.#argumentsLeft > 0) return undefined
    const request = this.#arguments
    this.#arguments = []
    this.#argumentBytes = 0
    return request
  }

  #readHeader(): void {
    const buffer = this.#joined()
    const end = buffer.indexOf('\r\n')
    if (end < 0) {
      if (buffer.length > LONGEST_HEADER) throw new RequestError('malformed', 'Malformed request, array expected')
      this.#needed = buffer.length + 1
      return
    }
    const header = this.#take(end + 2).toString('latin1', 0, end)
    if (this.#argumentsLeft === 0) this.#argumentsLeft = readCount(header)
    else this.#expectArgument(readLength(header))
  }

  #expectArgument(length: number): void {
    this.#argumentBytes += length
    if (length > LONGEST_VALUE || this.#argumentBytes > LONGEST_VALUE + LONGEST_REST) {
      throw new RequestError('too-big', 'Payload too big')
    }
    this.#argumentLength = length
    this.#needed = length + 2
  }

  #take(length: number): Buffer {
    const buffer = this.#joined()
    this.#waiting = [buffer.subarray(length)]
    this.#waitingBytes -= length
    this.#needed = 1
    return buffer.subarray(0, length)
  }

  #joined(): Buffer {
    const buffer = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting)
    this.#waiting = [buffer ?? Buffer.alloc(0)]
    return this.#waiting[0] as Buffer
  }
}

function readCount(header: string): number {
  const count = /^\*(\d+)$/.exec(header)?.[1]
  if (count === undefined) throw new RequestError('malformed', 'Malformed request, array expected')
  if (Number(count) > MOST_ARGUMENTS) throw new RequestError('malformed', 'Too many arguments')
  return Number(count)
}

function readLength(header: string): number {
  const length = /^\$(\d+)$/.exec(header)?.[1]
  if (length === undefined) throw new RequestError('malformed', 'Malformed query string')
  return Number(length)
}
