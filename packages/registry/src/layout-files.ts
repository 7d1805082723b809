import type { FileHandle } from 'node:fs/promises'

/** The files of an image layout, wherever they are. Names are relative: `index.json`, `blobs/sha256/…`. */
export type LayoutFiles = {
  /** `undefined` when there is no such file; a file that is not a regular one does not count. */
  open(name: string): Promise<LayoutFile | undefined>
  close(): Promise<void>
}

/** One file: its size, and its bytes as often as asked for. */
export type LayoutFile = { readonly size: number; read(): AsyncIterable<Uint8Array> }

const READ_SIZE = 256 * 1024

/** The bytes of a part of an open file, read at their place, so that several readers can share the file. */
export async function* readRange(file: FileHandle, start: number, size: number): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < size; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_SIZE, size - done))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start + done)
    // The file is shorter than it was: the size check of whoever reads says so.
    if (bytesRead === 0) return
    done += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
