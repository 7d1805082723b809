import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Address } from './listener.ts'
import { inspectToyFlist, SEED, toyChunkId, toyFlist, toyFlistMaker } from './toy-flist.ts'
import { startTwin, type Twin, type TwinOptions } from './twin.ts'

/** A folder of the test's own, removed after it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'twin-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A twin for toy flists, closed after the test. */
export async function testTwin(options: Partial<TwinOptions> = {}): Promise<Twin & { readonly root: string }> {
  const root = options.root ?? (await temporaryFolder())
  const toys = { inspectFlist: inspectToyFlist, flistMaker: toyFlistMaker, chunkId: toyChunkId }
  const twin = await startTwin({ root, seed: SEED, ...toys, ...options })
  onTestFinished(() => twin.close())
  return { ...twin, root }
}

/** Sends raw bytes on a connection of its own, closes the sending side, and gives everything that came back. */
export function talk(address: Address, sent: string | Buffer): Promise<string> {
  return converse(address, (socket) => socket.end(sent))
}

/** Sends a raw request to the hub and gives its answer; the hub closes the connection. */
export function askHub(twin: Twin, sent: string): Promise<string> {
  const { hostname, port } = new URL(twin.url)
  return converse({ host: hostname, port: Number(port) }, (socket) => socket.write(sent))
}

function converse({ host, port }: Address, send: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const socket = connect({ host, port, allowHalfOpen: true }, () => send(socket))
    socket.on('data', (bytes: Buffer) => pieces.push(bytes))
    socket.on('error', reject)
    socket.on('end', () => {
      socket.end()
      resolve(Buffer.concat(pieces).toString('latin1'))
    })
  })
}

/** Waits for the end of a connection, however it ends. */
export function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** One request of the redis protocol, as a byte string. */
export function request(...parts: readonly (string | Buffer)[]): string {
  const bulks = parts.map((part) => `$${part.length}\r\n${part.toString('latin1')}\r\n`)
  return `*${parts.length}\r\n${bulks.join('')}`
}

/** Stores the chunks of a toy flist through the gateway. */
export async function storeToyChunks(twin: Twin, user: string, texts: readonly string[]): Promise<void> {
  const sets = texts.map((text) => request('SET', toyChunkId(Buffer.from(text)), Buffer.from(text)))
  const sent = request('AUTH', twin.mintToken(user)) + sets.join('')
  await talk(twin.gateway, Buffer.from(sent, 'latin1'))
}

/** What a call to the hub answered. */
export type Called = { readonly status: number; readonly text: string; readonly headers: Headers }

/** Calls the hub as `user` where one is given, else without a token. */
export async function call(twin: Twin, path: string, user?: string, init: RequestInit = {}): Promise<Called> {
  const headers = new Headers(init.headers)
  if (user !== undefined) headers.set('Authorization', `bearer ${twin.mintToken(user)}`)
  const response = await fetch(twin.url + path, { ...init, headers, redirect: 'manual' })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

/** Uploads bytes as a flist: multipart field `file` with this file name. */
export function upload(
  twin: Twin,
  user: string,
  fileName: string,
  bytes: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Called> {
  return send(twin, user, 'upload-flist', fileName, bytes, { headers })
}

/** Uploads bytes as an archive, with text fields. */
export function uploadTar(
  twin: Twin,
  user: string,
  fileName: string,
  bytes: Uint8Array,
  options: { readonly headers?: Record<string, string>; readonly fields?: Record<string, string> } = {},
): Promise<Called> {
  return send(twin, user, 'upload', fileName, bytes, options)
}

function send(
  twin: Twin,
  user: string,
  route: string,
  fileName: string,
  bytes: Uint8Array,
  {
    headers = {},
    fields = {},
  }: { readonly headers?: Record<string, string>; readonly fields?: Record<string, string> },
): Promise<Called> {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  body.set('file', new File([Uint8Array.from(bytes)], fileName))
  return call(twin, `/api/flist/me/${route}`, user, { method: 'POST', body, headers })
}

/** A tar of some files, compressed as its name says. */
export async function tarOf(files: Readonly<Record<string, string>>, name = 'a.tar.gz'): Promise<Buffer> {
  const folder = await temporaryFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const archive = join(await temporaryFolder(), name)
  execFileSync('tar', ['--auto-compress', '-cf', archive, '-C', folder, ...Object.keys(files)])
  return readFile(archive)
}

/** Uploads a toy flist whose chunks are stored first. */
export async function publish(twin: Twin, user: string, fileName: string, text: string): Promise<void> {
  await storeToyChunks(twin, user, [text])
  await upload(twin, user, fileName, toyFlist({ file: text }))
}
