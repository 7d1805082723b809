import { type FileHandle, open } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { basename } from 'node:path'
import { crc32 } from 'node:zlib'
import { type Answer, htmlError } from './answers.ts'

/** First and last byte of a part, both included. */
type Part = { readonly first: number; readonly last: number }

/**
 * `GET` and `HEAD /USER/NAME.flist`: the file a path leads to, with ETag, Last-Modified, If-None-Match, If-Modified-Since
 * and one byte range (If-Range honoured), as Werkzeug's `send_file` answers. A range that can not be given, and more than
 * one range, is a 416.
 */
export async function downloadAnswer(path: string, method: string, headers: IncomingHttpHeaders): Promise<Answer> {
  const file = await openFile(path)
  if (!file) return htmlError(404)
  const answer = await describeDownload(file, path, headers)
  if (method === 'HEAD' || typeof answer.body === 'string') {
    await file.close()
    return { ...answer, body: '' }
  }
  return { ...answer, release: () => file.close() }
}

async function describeDownload(file: FileHandle, path: string, headers: IncomingHttpHeaders): Promise<Answer> {
  const { size, mtimeMs } = await file.stat()
  const modified = Math.floor(mtimeMs / 1000) * 1000
  const etag = `"${mtimeMs / 1000}-${size}-${crc32(path)}"`
  const validators = { ETag: etag, 'Last-Modified': new Date(modified).toUTCString(), 'Cache-Control': 'no-cache' }

  const part = requestedPart(headers, size, etag, modified)
  if (part === 'unsatisfiable') return htmlError(416, { 'Content-Range': `bytes */${size}` })
  if (part === undefined && isUnchanged(headers, etag, modified)) return { status: 304, headers: validators, body: '' }

  const { first, last } = part ?? { first: 0, last: size - 1 }
  const content = {
    ...validators,
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `inline; ${fileNameParameter(basename(path))}`,
    'Accept-Ranges': 'bytes',
    'Content-Length': String(last - first + 1),
    ...(part ? { 'Content-Range': `bytes ${first}-${last}/${size}` } : {}),
  }
  return { status: part ? 206 : 200, headers: content, body: readPart(file, first, last) }
}

async function* readPart(file: FileHandle, first: number, last: number): AsyncGenerator<Uint8Array> {
  if (last < first) return
  yield* file.createReadStream({ start: first, end: last, autoClose: false })
}

/** The part to send; undefined for the whole file. */
function requestedPart(
  headers: IncomingHttpHeaders,
  size: number,
  etag: string,
  modified: number,
): Part | 'unsatisfiable' | undefined {
  const { range } = headers
  const condition = headers['if-range']
  if (range === undefined || size === 0) return undefined
  if (typeof condition === 'string' && condition !== etag && Date.parse(condition) !== modified) return undefined

  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range.trim()) ?? []
  if (from === '' && to === '') return 'unsatisfiable'
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  return first > last ? 'unsatisfiable' : { first, last }
}

function isUnchanged(headers: IncomingHttpHeaders, etag: string, modified: number): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) return tags.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()))
  const since = headers['if-modified-since']
  return since !== undefined && Date.parse(since) >= modified
}

function fileNameParameter(name: string): string {
  const encoded = encodeURIComponent(name)
  return encoded === name ? `filename=${name}` : `filename*=UTF-8''${encoded}`
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, 'r')
    if ((await file.stat()).isFile()) return file
    await file.close()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(code ?? '')) throw error
  }
  return undefined
}
