import { FlistError } from '../errors.ts'

/**
 * Reads Cap'n Proto messages as they come: framed, several segments, far and double-far pointers.
 * https://capnproto.org/encoding.html
 *
 * A record is hostile input. Each word of a message is paid for when it is read, from a budget of one visit per word:
 * no writer shares objects, so an honest message never runs out, and pointers that overlap or loop cannot make the
 * work or the result larger than the message.
 */
type Message = { readonly name: string; readonly segments: readonly Buffer[]; budget: number }

/** One struct of a message: offsets in bytes into its segment. */
export type StructView = {
  readonly message: Message
  readonly segment: number
  readonly data: number
  readonly dataBytes: number
  readonly pointerCount: number
}

type Target = { readonly segment: number; readonly start: number; readonly low: number; readonly high: number }

const WORD = 8
const COMPOSITE = 7
const BYTES = 2

/** The root struct of a framed message. `name` stands for the record in messages. Throws `corrupt`. */
export function parseMessage(bytes: Uint8Array, name: string): StructView {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const segments = splitSegments(buffer, name)
  const message = { name, segments, budget: segments.reduce((sum, segment) => sum + segment.length / WORD, 0) }
  const target = follow(message, 0, 0)
  spend(message, 1)
  if (target === undefined) throw corrupt(message, 'has no root struct')
  return structAt(message, target)
}

function splitSegments(buffer: Buffer, name: string): Buffer[] {
  const fail = () => corrupt({ name }, 'is cut off or no record at all')
  if (buffer.length < WORD) throw fail()
  const count = buffer.readUInt32LE(0) + 1
  let start = Math.ceil((4 + 4 * count) / WORD) * WORD
  if (start > buffer.length) throw fail()
  const segments: Buffer[] = []
  for (let index = 0; index < count; index++) {
    const end = start + buffer.readUInt32LE(4 + 4 * index) * WORD
    if (end > buffer.length) throw fail()
    segments.push(buffer.subarray(start, end))
    start = end
  }
  return segments
}

/** The field at `offset` of the data section, or 0 when the writer did not know it. */
export function readUint16(view: StructView, offset: number): number {
  return offset + 2 <= view.dataBytes ? segmentOf(view.message, view.segment).readUInt16LE(view.data + offset) : 0
}

/** The field at `offset` of the data section, or 0 when the writer did not know it. */
export function readUint32(view: StructView, offset: number): number {
  return offset + 4 <= view.dataBytes ? segmentOf(view.message, view.segment).readUInt32LE(view.data + offset) : 0
}

/** The field at `offset` of the data section as a signed number, or 0 when the writer did not know it. */
export function readInt64(view: StructView, offset: number): bigint {
  return offset + 8 <= view.dataBytes ? segmentOf(view.message, view.segment).readBigInt64LE(view.data + offset) : 0n
}

/** The struct behind a pointer; `undefined` when the pointer is null. */
export function readStruct(view: StructView, index: number): StructView | undefined {
  const target = followField(view, index)
  return target && structAt(view.message, target)
}

/** The bytes behind a Data pointer, inside the message's own memory; `undefined` when the pointer is null. */
export function readData(view: StructView, index: number): Buffer | undefined {
  const target = followField(view, index)
  if (target === undefined) return undefined
  const { message } = view
  if ((target.low & 3) !== 1 || (target.high & 7) !== BYTES) throw corrupt(message, 'has no bytes where a text belongs')
  const length = target.high >>> 3
  return slice(message, target.segment, target.start, length)
}

/** The text behind a pointer as a byte string, without its final NUL; `''` when the pointer is null. */
export function readText(view: StructView, index: number): string {
  const bytes = readData(view, index)
  if (bytes === undefined || bytes.length === 0) return ''
  if (bytes[bytes.length - 1] !== 0) throw corrupt(view.message, 'has a text without its final NUL')
  return bytes.toString('latin1', 0, bytes.length - 1)
}

/** The structs of a list one by one; none when the pointer is null. Only inline composite lists hold structs. */
export function* readStructList(view: StructView, index: number): Generator<StructView> {
  const target = followField(view, index)
  if (target === undefined) return
  const { message } = view
  if ((target.low & 3) !== 1) throw corrupt(message, 'has no list where one belongs')
  if ((target.high & 7) !== COMPOSITE) {
    if (target.high >>> 3 === 0) return
    throw corrupt(message, 'has a list that does not hold structs')
  }
  const words = target.high >>> 3
  const body = slice(message, target.segment, target.start, (words + 1) * WORD)
  const count = body.readUInt32LE(0) >>> 2
  const dataBytes = body.readUInt16LE(4) * WORD
  const pointerCount = body.readUInt16LE(6)
  const step = dataBytes + pointerCount * WORD
  if (count > 0 && step === 0) throw corrupt(message, 'has a list of structs without size')
  if (count * step > words * WORD) throw corrupt(message, 'has a list that is longer than its space')
  for (let element = 0; element < count; element++) {
    const data = target.start + WORD + element * step
    yield { message, segment: target.segment, data, dataBytes, pointerCount }
  }
}

function structAt(message: Message, target: Target): StructView {
  if ((target.low & 3) !== 0) throw corrupt(message, 'has no struct where one belongs')
  const dataBytes = (target.high & 0xffff) * WORD
  const pointerCount = target.high >>> 16
  slice(message, target.segment, target.start, dataBytes + pointerCount * WORD)
  return { message, segment: target.segment, data: target.start, dataBytes, pointerCount }
}

function followField(view: StructView, index: number): Target | undefined {
  if (index >= view.pointerCount) return undefined
  return follow(view.message, view.segment, view.data + view.dataBytes + index * WORD)
}

/** Where the pointer at `at` leads, through a landing pad when the object is in another segment. */
function follow(message: Message, segment: number, at: number): Target | undefined {
  const pointer = wordAt(message, segment, at)
  if (pointer.low === 0 && pointer.high === 0) return undefined
  if ((pointer.low & 3) !== 2) return near(segment, at, pointer)
  const padAt = (pointer.low >>> 3) * WORD
  const pad = wordAt(message, pointer.high, padAt)
  spend(message, 1)
  if ((pointer.low & 4) === 0) {
    if ((pad.low & 3) === 2) throw corrupt(message, 'has a far pointer that leads to another')
    return near(pointer.high, padAt, pad)
  }
  if ((pad.low & 7) !== 2) throw corrupt(message, 'has a double-far pointer without a landing pad')
  spend(message, 1)
  const tag = wordAt(message, pointer.high, padAt + WORD)
  return { segment: pad.high, start: (pad.low >>> 3) * WORD, low: tag.low, high: tag.high }
}

function near(segment: number, at: number, pointer: { low: number; high: number }): Target {
  return { segment, start: at + WORD + (pointer.low >> 2) * WORD, low: pointer.low, high: pointer.high }
}

function wordAt(message: Message, segment: number, at: number): { low: number; high: number } {
  const bytes = segmentOf(message, segment)
  if (at < 0 || at + WORD > bytes.length) throw corrupt(message, 'has a pointer that leads outside')
  return { low: bytes.readInt32LE(at), high: bytes.readUInt32LE(at + 4) }
}

function slice(message: Message, segment: number, start: number, length: number): Buffer {
  const bytes = segmentOf(message, segment)
  if (start < 0 || start + length > bytes.length) throw corrupt(message, 'has a pointer that leads outside')
  spend(message, Math.ceil(length / WORD))
  return bytes.subarray(start, start + length)
}

function segmentOf(message: Message, index: number): Buffer {
  const segment = message.segments[index]
  if (segment === undefined) throw corrupt(message, `has a pointer into segment ${index}, which is not there`)
  return segment
}

function spend(message: Message, words: number): void {
  message.budget -= words
  if (message.budget < 0) throw corrupt(message, 'has pointers that share or loop')
}

function corrupt(message: { readonly name: string }, what: string): FlistError {
  return new FlistError('corrupt', `${message.name}: ${what}; the flist is damaged, make or fetch it again`)
}
