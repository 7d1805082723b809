import { FlistError } from '../errors.ts'

/**
 * A Cap'n Proto message under construction, always one segment: no far pointers, and nothing to allocate twice.
 * https://capnproto.org/encoding.html
 *
 * Positions are byte offsets into the framed message; objects are allocated in the order of the calls.
 */
export type MessageWriter = { buffer: Buffer; length: number }

/** The largest record this package writes or reads, in bytes. SQLite itself stops at 1,000,000,000. */
export const MAX_RECORD_BYTES = 256 * 1024 * 1024

const WORD = 8
const STRUCT = 0
const LIST = 1
const COMPOSITE = 7
const BYTES = 2

/** A message with its frame and the place of the root pointer (see `ROOT_POINTER`). */
export function createMessage(): MessageWriter {
  const writer = { buffer: Buffer.alloc(4096), length: WORD }
  allocate(writer, 1)
  return writer
}

/** Begins another message in the memory of one that nobody needs any more. */
export function restartMessage(writer: MessageWriter): void {
  writer.buffer.fill(0, 0, writer.length)
  writer.length = WORD
  allocate(writer, 1)
}

/** Where the root pointer of every message is. */
export const ROOT_POINTER = WORD

/** The framed message, a view on the writer's memory; until {@link restartMessage} the writer is used up. */
export function finishMessage(writer: MessageWriter): Buffer {
  writer.buffer.writeUInt32LE(writer.length / WORD - 1, 4)
  return writer.buffer.subarray(0, writer.length)
}

/** An object in the message that a pointer can be set to; `at` is where its first field or byte is. */
export type Place = { readonly at: number; readonly target: number; readonly kind: number; readonly size: number }

/** Points the pointer field at `pointer` at an object. */
export function setPointer(writer: MessageWriter, pointer: number, place: Place): void {
  writer.buffer.writeInt32LE(((place.target - pointer) / WORD - 1) * 4 + place.kind, pointer)
  writer.buffer.writeUInt32LE(place.size, pointer + 4)
}

/** Allocates an empty struct. */
export function addStruct(writer: MessageWriter, dataWords: number, pointerCount: number): Place {
  const at = allocate(writer, dataWords + pointerCount)
  return { at, target: at, kind: STRUCT, size: pointerCount * 65536 + dataWords }
}

/** Allocates a list of `count` empty structs, one after the other from `at`. */
export function addStructList(writer: MessageWriter, count: number, dataWords: number, pointerCount: number): Place {
  const words = count * (dataWords + pointerCount)
  const tag = allocate(writer, words + 1)
  writer.buffer.writeUInt32LE(count * 4, tag)
  writer.buffer.writeUInt16LE(dataWords, tag + 4)
  writer.buffer.writeUInt16LE(pointerCount, tag + 6)
  return { at: tag + WORD, target: tag, kind: LIST, size: words * 8 + COMPOSITE }
}

/** Copies bytes into the message. */
export function addData(writer: MessageWriter, bytes: Uint8Array): Place {
  const place = allocateBytes(writer, bytes.length)
  writer.buffer.set(bytes, place.at)
  return place
}

/** Copies a byte string and a final NUL into the message. */
export function addText(writer: MessageWriter, text: string): Place {
  const place = allocateBytes(writer, text.length + 1)
  writer.buffer.write(text, place.at, 'latin1')
  return place
}

function allocateBytes(writer: MessageWriter, length: number): Place {
  const at = allocate(writer, Math.ceil(length / WORD))
  return { at, target: at, kind: LIST, size: length * 8 + BYTES }
}

function allocate(writer: MessageWriter, words: number): number {
  const at = writer.length
  const length = at + words * WORD
  if (length > MAX_RECORD_BYTES) {
    throw new FlistError(
      'too-large',
      `flist record: needs more than ${MAX_RECORD_BYTES} bytes; split the directory or file it is for`,
    )
  }
  if (length > writer.buffer.length) {
    const grown = Buffer.alloc(Math.max(length, writer.buffer.length * 2))
    grown.set(writer.buffer)
    writer.buffer = grown
  }
  writer.length = length
  return at
}
