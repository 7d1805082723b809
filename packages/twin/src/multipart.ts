import { createWriteStream } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { finished, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import busboy from 'busboy'

/** What a form held. A file with an empty name means that a form was sent without choosing one. */
export type ReceivedForm = {
  /** The first file part of the wanted name; undefined when there is none. */
  readonly fileName: string | undefined
  /** Text fields; of two with one name the last. */
  readonly fields: ReadonlyMap<string, string>
}

const LIMITS = { fieldSize: 64 * 1024, fields: 1000, parts: 1000, headerPairs: 100 }

/**
 * Reads a form, multipart or urlencoded, to its end and streams its first file part named `field` into a new file at
 * `path`. Nothing was received of another body or a broken form. Rejects when the body breaks off or the file can not be
 * written; the file at `path` is then the caller's to remove.
 */
export async function receiveForm(
  body: Readable,
  headers: IncomingHttpHeaders,
  field: string,
  path: string,
): Promise<ReceivedForm> {
  const fields = new Map<string, string>()
  const nothing: ReceivedForm = { fileName: undefined, fields: new Map() }
  const form = openForm(headers)
  if (!form) return nothing
  let fileName: string | undefined
  let written: Promise<unknown> = Promise.resolve()

  form.on('field', (name, value) => fields.set(name, value))
  form.on('file', (name, part, info) => {
    if (name !== field || fileName !== undefined) {
      part.resume()
      return
    }
    // The type says string, but a part of type application/octet-stream may have no file name at all.
    fileName = info.filename ?? ''
    written = pipeline(part, createWriteStream(path))
    written.catch((error: Error) => form.destroy(error))
  })
  const parsed = await feed(body, form).finally(() => Promise.allSettled([written]))
  await written
  return parsed ? { fileName, fields } : nothing
}

/**
 * Pipes a request's body into the form. Answers false for a form that breaks the rules, and reads the rest of the body so
 * that the client gets its answer (a stream pipeline would cut the connection); rejects when the client went away.
 */
function feed(body: Readable, form: busboy.Busboy): Promise<boolean> {
  return new Promise((resolve, reject) => {
    form.once('close', () => resolve(true))
    form.once('error', () => {
      body.unpipe(form)
      body.resume()
      resolve(false)
    })
    finished(body, (error) => {
      if (!error) return
      reject(error)
      form.destroy(error)
    })
    body.pipe(form)
  })
}

function openForm(headers: IncomingHttpHeaders): busboy.Busboy | undefined {
  try {
    return busboy({ headers, preservePath: true, defParamCharset: 'utf8', limits: LIMITS })
  } catch {
    return undefined
  }
}
