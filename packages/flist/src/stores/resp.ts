/** A reply of version 2 of the Redis protocol that 0-db uses: a number, a status line, a value, or nothing. */
export type Reply = number | string | Buffer | null

/** What a server says no with. */
export class RefusedReply extends Error {}

/** Parts over this are sent as they are, and not copied. */
const LARGE_PART = 1024
/** No reply line is nearly as long. */
const LONGEST_LINE = 64 << 10

const LINE_END = '\r\n'
/** The first byte of a reply. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
const TYPES = { status: 0x2b, error: 0x2d, number: 0x3a, value: 0x24 } as const

/** A command as it is sent, in pieces: an array of values. */
export function encodeCommand(parts: readonly (string | Buffer)[]): Buffer[] {
  const pieces: Buffer[] = []
  let text = `*${parts.length}${LINE_END}`
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    text += `$${bytes.length}${LINE_END}`
    if (bytes.length <= LARGE_PART) {
      text += bytes.toString('latin1') + LINE_END
    } else {
      pieces.push(Buffer.from(text, 'latin1'), bytes)
      text = LINE_END
    }
  }
  pieces.push(Buffer.from(text, 'latin1'))
  return pieces
}

/**
 * Starts to read replies: gets what arrives, in any pieces, and calls `onReply` with each that is whole.
 *
 * @param longest bytes of a value; a longer one is announced by no server that is meant
 * @throws Error when what arrives is no reply
 */
export function createReplyReader(
  longest: number,
  onReply: (reply: Reply | RefusedReply) => void,
): (piece: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  /** A value of which not all has arrived: its bytes and the line end, and how many are there. */
  let value: Buffer | undefined
  let used = 0

  /** Takes what belongs to the value; gives where that ends. */
  function fill(target: Buffer, bytes: Buffer, start: number): number {
    const end = start + bytes.copy(target, used, start)
    used += end - start
    if (used < target.length) return end
    if (target.toString('latin1', target.length - LINE_END.length) !== LINE_END)
      throw new Error('a value does not end where it should')
    value = undefined
    onReply(target.subarray(0, -LINE_END.length))
    return end
  }

  /** The reply that a line is, or undefined where it announces a value. */
  function takeLine(type: number | undefined, line: string): Reply | RefusedReply | undefined {
    if (type === TYPES.status) return line
    if (type === TYPES.error) return new RefusedReply(line)
    const number = /^-?\d{1,15}$/.test(line) ? Number(line) : undefined
    if (type === TYPES.number && number !== undefined) return number
    if (type !== TYPES.value || number === undefined || number < -1) throw new Error('it is no reply of a 0-db')
    if (number > longest) throw new Error(`a value of ${number} bytes`)
    if (number === -1) return null
    value = Buffer.allocUnsafe(number + LINE_END.length)
    used = 0
    return undefined
  }

  return (piece) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece
    let at = 0
    while (at < bytes.length) {
      if (value) {
        at = fill(value, bytes, at)
        continue
      }
      const end = bytes.indexOf(LINE_END, at, 'latin1')
      if (end < 0) break
      const reply = takeLine(bytes[at], bytes.toString('utf8', at + 1, end))
      at = end + LINE_END.length
      if (reply !== undefined) onReply(reply)
    }
    rest = bytes.subarray(at)
    if (rest.length > LONGEST_LINE) throw new Error('a line without an end')
  }
}
