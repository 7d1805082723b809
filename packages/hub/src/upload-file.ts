import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { HubError } from './errors.ts'
import type { CallBody } from './hub-call.ts'

/** A file on the local disk, opened for one upload. Whoever opens it closes it. */
export type UploadFile = {
  readonly size: number
  /** Hex. */
  readonly md5: string
  /** A form with the file, under a random name with this ending. Every attempt needs its own. */
  form(ending: '.flist' | '.tar.gz'): CallBody
  close(): Promise<void>
}

/**
 * Opens a file and computes its md5.
 *
 * @throws HubError `local-file`
 */
export async function openUploadFile(path: string): Promise<UploadFile> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  try {
    const { size } = await file.stat()
    const hash = createHash('md5')
    for await (const bytes of readBytes(path, file, size)) hash.update(bytes)
    const form = (ending: string) => uploadForm(ending, size, readBytes(path, file, size))
    return { size, md5: hash.digest('hex'), form, close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The file as it was when it was opened; what is appended later is left out. */
async function* readBytes(path: string, file: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  try {
    if (size > 0) yield* file.createReadStream({ start: 0, end: size - 1, autoClose: false })
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, cause: unknown): HubError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new HubError('local-file', `"${path}": can not be read (${reason}); give a file that can`, { cause })
}

/**
 * The file name in the form is random: a hub mixes uploads whose names there are equal, even those of different users. Its
 * ending has to fit the call; the name to store goes in the header `X-Original-Name`.
 */
function uploadForm(ending: string, size: number, content: AsyncIterable<Uint8Array>): CallBody {
  const boundary = `flist-${randomUUID()}`
  const disposition = `Content-Disposition: form-data; name="file"; filename="${randomUUID()}${ending}"`
  const head = Buffer.from(`--${boundary}\r\n${disposition}\r\nContent-Type: application/octet-stream\r\n\r\n`)
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield head
    yield* content
    yield tail
  }
  const headers = {
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': String(head.length + size + tail.length),
  }
  return { headers, stream: Readable.from(pieces()) }
}
