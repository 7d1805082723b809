import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'

/** A request as the engine saw it. */
export type SeenRequest = {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type Answer = (response: ServerResponse, request: SeenRequest) => void

export type FakeEngine = AsyncDisposable & { readonly socketPath: string; readonly requests: SeenRequest[] }

/** A server on a Unix socket that speaks as much of the engine's API as a test lays down: `{ 'POST /build': messages([…]) }`. */
export async function startFakeEngine(answers: Readonly<Record<string, Answer>> = {}): Promise<FakeEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'fake-engine-'))
  const socketPath = join(folder, 'docker.sock')
  const requests: SeenRequest[] = []
  const all: Readonly<Record<string, Answer>> = {
    'GET /version': json(200, { Version: '20.10.24', ApiVersion: '1.41' }),
    ...answers,
  }
  const server = createServer(async (incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://engine')
    const body = await buffer(incoming).catch(() => Buffer.alloc(0))
    const request = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body,
    }
    requests.push(request)
    const answer = all[`${request.method} ${request.path}`] ?? json(404, { message: `page not found: ${request.path}` })
    answer(response, request)
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    socketPath,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function json(status: number, value: unknown): Answer {
  return (response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** A progress stream that ends properly. */
export function messages(values: readonly unknown[]): Answer {
  return raw(values.map((value) => `${JSON.stringify(value)}\r\n`).join(''))
}

export function raw(text: string): Answer {
  return (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text)
}

/** A progress stream in which the connection breaks, as when the engine is stopped. */
export function brokenAfter(values: readonly unknown[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(values.map((value) => `${JSON.stringify(value)}\r\n`).join(''), () => response.destroy())
  }
}
