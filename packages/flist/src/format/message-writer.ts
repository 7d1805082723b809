import { FlistError } from '../errors.ts'
import { writeBytes } from './byte-string.ts'

/**
 * A Cap'n Proto message under construction, always one segment: no far pointers, and nothing to allocate twice.
 * https://capnproto.org/encoding.html
 *
 * Positions are byte offsets into the framed message; objects are allocated in the order of the calls.
 */
export type MessageWriter = {
  buffer: Buffer
  /** Writes numbers to the same memory, several times as fast as the buffer does. */
  view: DataView
  length: number
}

/** The largest record this package writes or reads, in bytes. SQLite itself stops at 1,000,000,000. */
export const MAX_RECORD_BYTES = 256 * 1024 * 1024

const WORD = 8
const STRUCT = 0
const LIST = 1
const COMPOSITE = 7
const BYTES = 2

/** A message with its frame and the place of the root pointer (see `ROOT_POINTER`). */
export function createMessage(): MessageWriter {
  const buffer = Buffer.alloc(4096)
  const writer = { buffer, view: viewOf(buffer), length: WORD }
  allocate(writer, 1)
  return writer
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
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
  writer.view.setUint32(4, writer.length / WORD - 1, true)
  return writer.buffer.subarray(0, writer.length)
}

/** An object in the message that a pointer can be set to; `at` is where its first field or byte is. */
export type Place = { readonly at: number; readonly target: number; readonly kind: number; readonly size: number }

/** Points the pointer field at `pointer` at an object. */
export function setPointer(writer: MessageWriter, pointer: number, place: Place): void {
  point(writer, pointer, place.target, place.kind, place.size)
}

function point({ view }: MessageWriter, pointer: number, target: number, kind: number, size: number): void {
  view.setInt32(pointer, ((target - pointer) / WORD - 1) * 4 + kind, true)
  view.setUint32(pointer + 4, size, true)
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
  writer.view.setUint32(tag, count * 4, true)
  writer.view.setUint16(tag + 4, dataWords, true)
  writer.view.setUint16(tag + 6, pointerCount, true)
  return { at: tag + WORD, target: tag, kind: LIST, size: words * 8 + COMPOSITE }
}

/** Copies bytes into the message. */
export function addData(writer: MessageWriter, bytes: Uint8Array): Place {
  const at = allocate(writer, Math.ceil(bytes.length / WORD))
  writer.buffer.set(bytes, at)
  return { at, target: at, kind: LIST, size: bytes.length * 8 + BYTES }
}

/** Copies a byte string and a final NUL into the message, and points the pointer field at `pointer` at it. */
export function setText(writer: MessageWriter, pointer: number, text: string): void {
  const length = text.length + 1
  const at = allocate(writer, Math.ceil(length / WORD))
  writeBytes(writer.buffer, text, at)
  point(writer, pointer, at, LIST, length * 8 + BYTES)
}

/** Copies pieces of `size` bytes, in whole words, into the message, and points a pointer field from `pointer` on at each. */
export function setPieces(writer: MessageWriter, pointer: number, pieces: Uint8Array, size: number): void {
  const start = allocate(writer, pieces.length / WORD)
  writer.buffer.set(pieces, start)
  for (let at = 0, field = pointer; at < pieces.length; at += size, field += WORD) {
    point(writer, field, start + at, LIST, size * 8 + BYTES)
  }
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
    writer.view = viewOf(grown)
  }
  writer.length = length
  return at
}
