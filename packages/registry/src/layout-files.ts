import type { FileHandle } from 'node:fs/promises'
import type { BlobBytes } from './image-reader.ts'

/** The files of an image layout, wherever they are. Names are relative: `index.json`, `blobs/sha256/…`. */
export type LayoutFiles = {
  /** `undefined` when there is no such file; a file that is not a regular one does not count. */
  open(name: string): Promise<LayoutFile | undefined>
  close(): Promise<void>
}

/** One file: its size, and its bytes as often as asked for; in the memory of `spare` where that has some. */
export type LayoutFile = { readonly size: number; read(spare?: SpareMemory): AsyncIterable<Uint8Array> }

/** What pieces of one file were in that nobody reads any more. */
export type SpareMemory = ArrayBufferLike[]

/** What is read with memory to spare, which pieces that are given back leave. */
export function withSpareMemory(read: (spare: SpareMemory) => AsyncIterable<Uint8Array>): BlobBytes {
  const spare: SpareMemory = []
  return Object.assign(read(spare), { giveBack: ({ buffer }: Uint8Array) => void spare.push(buffer) })
}

const READ_SIZE = 256 * 1024

/** The bytes of a part of an open file, read at their place, so that several readers can share the file. */
export async function* readRange(
  file: FileHandle,
  start: number,
  size: number,
  spare: SpareMemory = [],
): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < size; ) {
    const memory = spare.pop() ?? Buffer.allocUnsafeSlow(Math.min(READ_SIZE, size)).buffer
    const buffer = Buffer.from(memory, 0, Math.min(memory.byteLength, size - done))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start + done)
    // The file is shorter than it was: the size check of whoever reads says so.
    if (bytesRead === 0) return
    done += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
