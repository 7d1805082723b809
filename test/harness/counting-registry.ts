import { once } from 'node:events'
import { createServer, request as forward } from 'node:http'

/** A registry behind a proxy that counts what is downloaded. */
export type CountingRegistry = AsyncDisposable & {
  /** `127.0.0.1:port` */
  readonly host: string
  /** Bytes that were sent since the last call, by the digest of the blob. */
  takeDownloads(): ReadonlyMap<string, number>
}

/** @param target host and port of the registry */
export async function countDownloads(target: string): Promise<CountingRegistry> {
  let downloads = new Map<string, number>()
  const [hostname, port] = target.split(':')
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming
    const digest = method === 'GET' ? /\/blobs\/(sha256:[0-9a-f]+)$/.exec(path ?? '')?.[1] : undefined
    const request = forward({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('data', (bytes: Buffer) => {
        if (digest) downloads.set(digest, (downloads.get(digest) ?? 0) + bytes.length)
      })
      answer.pipe(outgoing)
    })
    request.on('error', () => outgoing.destroy())
    incoming.pipe(request)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('no port')
  return {
    host: `127.0.0.1:${address.port}`,
    takeDownloads() {
      const taken = downloads
      downloads = new Map()
      return taken
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
