import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import type { Activity, OnFault } from './activity.ts'
import { type Answer, htmlError } from './answers.ts'

/** One call to the hub. */
export type HubRequest = {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Readable
}

/** Answers a call. A rejection is what an uncaught exception is in the hub: an HTML 500. */
export type Respond = (request: HubRequest) => Promise<Answer>

/** Large flists on slow lines: how long one request may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT = 60 * 60 * 1000

/** Every answer of the hub says so; each call is a connection of its own. */
const COMMON_HEADERS = { 'Access-Control-Allow-Origin': '*', Connection: 'close' }

/**
 * Makes the hub's HTTP server around one function. Request bodies are read to their end before the answer goes out, so
 * that a client that is still sending gets it. `INFO`, a method that Node's parser refuses, is answered all the same.
 */
export function createHubServer(respond: Respond, onFault: OnFault, activity: Activity): Server {
  async function answer(request: HubRequest, write: (answer: Answer) => Promise<void>): Promise<void> {
    const call = `${request.method} ${request.target}`
    const answered = await respond(request).catch((error: unknown) => {
      onFault(call, error)
      return htmlError(500)
    })
    await write(answered)
      .catch((error: unknown) => onFault(call, error))
      .finally(() => answered.release?.())
  }
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT }, (message, response) => {
    const { method = '', url: target = '', headers } = message
    const sent = answer({ method, target, headers, body: message }, (answered) => send(message, response, answered))
    activity.track(sent.catch(() => response.destroy()))
  })
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    const target = /^INFO (\S+) HTTP\/1\.[01]\r\n/.exec(error.rawPacket?.toString('latin1') ?? '')?.[1]
    if (target === undefined) {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      return
    }
    const request = { method: 'INFO', target, headers: {}, body: Readable.from([]) }
    const sent = answer(request, (answered) => sendRaw(socket, answered))
    activity.track(sent.catch(() => socket.destroy()))
  })
  return server
}

async function send(message: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  if (message.readableAborted) return
  if (answer.cutAfter !== 0) await readToEnd(message)
  if (answer.cutAfter !== undefined) return sendRaw(message.socket, answer)
  const { body } = answer
  const length = typeof body === 'string' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}
  response.writeHead(answer.status, { ...COMMON_HEADERS, ...length, ...answer.headers })
  if (typeof body === 'string') response.end(body)
  else if (message.method === 'HEAD') response.end()
  else await pipeline(Readable.from(body), response)
}

async function readToEnd(message: IncomingMessage): Promise<void> {
  if (message.readableEnded) return
  message.resume()
  await finished(message)
}

/** Sends an answer, or what a fault leaves of it, and closes the connection; without a byte of it, resets it. */
async function sendRaw(socket: Socket, answer: Answer): Promise<void> {
  const { cutAfter } = answer
  if (cutAfter === 0) socket.resetAndDestroy()
  else socket.end((await rawAnswer(answer)).subarray(0, cutAfter), () => socket.destroy())
}

/** An answer as it stands on the wire, for calls that Node's parser gave up on or that a fault cuts short. */
async function rawAnswer({ status, headers, body }: Answer): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of typeof body === 'string' ? [body] : body) pieces.push(Buffer.from(piece))
  const content = Buffer.concat(pieces)
  const lines = { ...COMMON_HEADERS, 'Content-Length': String(content.length), ...headers }
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n`), content])
}
