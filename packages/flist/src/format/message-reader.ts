import { FlistError } from '../errors.ts'

/**
 * Reads Cap'n Proto messages as they come: framed, several segments, far and double-far pointers.
 * https://capnproto.org/encoding.html
 *
 * A record is hostile input. Each word of a message is paid for when it is read, from a budget of one visit per word:
 * no writer shares objects, so an honest message never runs out, and pointers that overlap or loop cannot make the
 * work or the result larger than the message.
 */
type Message = { readonly name: string; readonly segments: readonly Segment[]; budget: number }

type Segment = { readonly bytes: Buffer; readonly view: DataView }

/** One struct of a message: offsets in bytes into its segment. */
export type StructView = {
  readonly message: Message
  readonly segment: Segment
  readonly data: number
  readonly dataBytes: number
  readonly pointerCount: number
}

type Target = { readonly segment: Segment; readonly start: number; readonly low: number; readonly high: number }

/** The reference's largest record, 4 MiB in segments of 4,008 bytes, has 1,047. */
const MAX_SEGMENTS = 4096

const WORD = 8
const COMPOSITE = 7
const BYTES = 2

/** The root struct of a framed message. `name` stands for the record in messages. Throws `corrupt`. */
export function parseMessage(bytes: Uint8Array, name: string): StructView {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const segments = splitSegments(buffer, name)
  const message = { name, segments, budget: segments.reduce((sum, { bytes }) => sum + bytes.length / WORD, 0) }
  const target = follow(message, segmentOf(message, 0), 0)
  spend(message, 1)
  if (target === undefined) throw corrupt(message, 'has no root struct')
  return structAt(message, target)
}

function splitSegments(buffer: Buffer, name: string): Segment[] {
  const fail = () => corrupt({ name }, 'is cut off or no record at all')
  if (buffer.length < WORD) throw fail()
  const count = buffer.readUInt32LE(0) + 1
  if (count > MAX_SEGMENTS) throw fail()
  let start = Math.ceil((4 + 4 * count) / WORD) * WORD
  if (start > buffer.length) throw fail()
  const segments: Segment[] = []
  for (let index = 0; index < count; index++) {
    const end = start + buffer.readUInt32LE(4 + 4 * index) * WORD
    if (end > buffer.length) throw fail()
    segments.push({
      bytes: buffer.subarray(start, end),
      view: new DataView(buffer.buffer, buffer.byteOffset + start, end - start),
    })
    start = end
  }
  return segments
}

/** The field at `offset` of the data section, or 0 when the writer did not know it. */
export function readUint16({ segment, data, dataBytes }: StructView, offset: number): number {
  return offset + 2 <= dataBytes ? segment.view.getUint16(data + offset, true) : 0
}

/** The field at `offset` of the data section, or 0 when the writer did not know it. */
export function readUint32({ segment, data, dataBytes }: StructView, offset: number): number {
  return offset + 4 <= dataBytes ? segment.view.getUint32(data + offset, true) : 0
}

/** The field at `offset` of the data section as a signed number, or 0 when the writer did not know it. */
export function readInt64({ segment, data, dataBytes }: StructView, offset: number): bigint {
  return offset + 8 <= dataBytes ? segment.view.getBigInt64(data + offset, true) : 0n
}

/** As {@link readInt64}, without an object for it; undefined for a number below 0 or over 2⁵³ - 1. */
export function readUint53(view: StructView, offset: number): number | undefined {
  const [low, high] = [readUint32(view, offset), readUint32(view, offset + 4)]
  return high < 2 ** 21 ? high * 2 ** 32 + low : undefined
}

/** The struct behind a pointer; `undefined` when the pointer is null. */
export function readStruct(view: StructView, index: number): StructView | undefined {
  const target = followField(view, index)
  return target && structAt(view.message, target)
}

/** The bytes behind a Data pointer, inside the message's own memory; `undefined` when the pointer is null. */
export function readData(view: StructView, index: number): Buffer | undefined {
  const place = dataOf(view, index)
  return place?.segment.bytes.subarray(place.start, place.start + byteCount(place))
}

/** Copies the bytes behind a Data pointer to a place, if they are so many, and says whether they are. */
export function copyData(view: StructView, index: number, to: Uint8Array, at: number, length: number): boolean {
  const place = dataOf(view, index)
  if (place === undefined || byteCount(place) !== length) return false
  place.segment.bytes.copy(to, at, place.start, place.start + length)
  return true
}

/** The text behind a pointer as a byte string, without its final NUL; `''` when the pointer is null. */
export function readText(view: StructView, index: number): string {
  const place = dataOf(view, index)
  const length = place === undefined ? 0 : byteCount(place)
  if (place === undefined || length === 0) return ''
  const { start, segment } = place
  const end = start + length - 1
  if (segment.bytes[end] !== 0) throw corrupt(view.message, 'has a text without its final NUL')
  return segment.bytes.toString('latin1', start, end)
}

function dataOf(view: StructView, index: number): Target | undefined {
  const target = followField(view, index)
  if (target === undefined) return undefined
  const { message } = view
  if ((target.low & 3) !== 1 || (target.high & 7) !== BYTES) throw corrupt(message, 'has no bytes where a text belongs')
  visit(message, target, byteCount(target))
  return target
}

function byteCount({ high }: Target): number {
  return high >>> 3
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
  visit(message, target, (words + 1) * WORD)
  const { segment, start } = target
  const count = segment.view.getUint32(start, true) >>> 2
  const dataBytes = segment.view.getUint16(start + 4, true) * WORD
  const pointerCount = segment.view.getUint16(start + 6, true)
  const step = dataBytes + pointerCount * WORD
  if (count > 0 && step === 0) throw corrupt(message, 'has a list of structs without size')
  if (count * step > words * WORD) throw corrupt(message, 'has a list that is longer than its space')
  for (let element = 0; element < count; element++) {
    yield { message, segment, data: start + WORD + element * step, dataBytes, pointerCount }
  }
}

function structAt(message: Message, target: Target): StructView {
  if ((target.low & 3) !== 0) throw corrupt(message, 'has no struct where one belongs')
  const dataBytes = (target.high & 0xffff) * WORD
  const pointerCount = target.high >>> 16
  visit(message, target, dataBytes + pointerCount * WORD)
  return { message, segment: target.segment, data: target.start, dataBytes, pointerCount }
}

function followField(view: StructView, index: number): Target | undefined {
  if (index >= view.pointerCount) return undefined
  return follow(view.message, view.segment, view.data + view.dataBytes + index * WORD)
}

/** Where the pointer at `at` leads, through a landing pad when the object is in another segment. */
function follow(message: Message, segment: Segment, at: number): Target | undefined {
  const low = lowWord(message, segment, at)
  const high = segment.view.getUint32(at + 4, true)
  if (low === 0 && high === 0) return undefined
  if ((low & 3) !== 2) return near(segment, at, low, high)
  const pad = segmentOf(message, high)
  const padAt = (low >>> 3) * WORD
  const padLow = lowWord(message, pad, padAt)
  const padHigh = pad.view.getUint32(padAt + 4, true)
  spend(message, 1)
  if ((low & 4) === 0) {
    if ((padLow & 3) === 2) throw corrupt(message, 'has a far pointer that leads to another')
    return near(pad, padAt, padLow, padHigh)
  }
  if ((padLow & 7) !== 2) throw corrupt(message, 'has a double-far pointer without a landing pad')
  spend(message, 1)
  const tagLow = lowWord(message, pad, padAt + WORD)
  const tagHigh = pad.view.getUint32(padAt + WORD + 4, true)
  return { segment: segmentOf(message, padHigh), start: (padLow >>> 3) * WORD, low: tagLow, high: tagHigh }
}

function near(segment: Segment, at: number, low: number, high: number): Target {
  return { segment, start: at + WORD + (low >> 2) * WORD, low, high }
}

/** The first half of the word at `at`, all of which is there. */
function lowWord(message: Message, { bytes, view }: Segment, at: number): number {
  if (at < 0 || at + WORD > bytes.length) throw corrupt(message, 'has a pointer that leads outside')
  return view.getInt32(at, true)
}

/** Pays for `length` bytes from the start of a target on, which must be there. */
function visit(message: Message, { segment, start }: Target, length: number): void {
  if (start < 0 || start + length > segment.bytes.length) throw corrupt(message, 'has a pointer that leads outside')
  spend(message, Math.ceil(length / WORD))
}

function segmentOf(message: Message, index: number): Segment {
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
