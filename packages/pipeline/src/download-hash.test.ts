import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { hashDownload } from './download-hash.ts'

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

test('the bytes are hashed as they come, behind redirects too', async () => {
  const url = await serve((request, answer) => {
    if (request.url === '/moved') return answer.writeHead(302, { location: '/file' }).end()
    answer.write('one ')
    answer.end('two')
  })
  const seen: number[] = []
  const found = await hashDownload(`${url}/moved`, { onBytes: (bytes) => seen.push(bytes) })
  expect(found).toEqual({ sha256: sha256('one two'), bytes: 7 })
  expect(seen.at(-1)).toBe(7)
})

test('an archive stays an archive: no encoding is asked for', async () => {
  const packed = gzipSync('content')
  const url = await serve((request, answer) => {
    if (request.headers['accept-encoding'] !== 'identity') answer.setHeader('content-encoding', 'gzip')
    answer.end(packed)
  })
  expect((await hashDownload(url)).sha256).toBe(sha256(packed))
})

test.each<[string, RequestListener, string]>([
  ['is not there', (_, answer) => answer.writeHead(404).end('no'), 'the server answers with 404'],
  ['leads in circles', (_, answer) => answer.writeHead(302, { location: '/' }).end(), 'more than 10 redirects'],
  ['leads elsewhere', (_, answer) => answer.writeHead(302, { location: 'file:///etc' }).end(), 'which is not safe'],
  ['leads nowhere', (_, answer) => answer.writeHead(302).end(), 'the server answers with 302'],
  [
    'is cut off',
    (_, answer) => {
      answer.writeHead(200, { 'content-length': 10 }).write('x')
      setTimeout(() => answer.destroy(), 20)
    },
    'can not be loaded: ',
  ],
])('what %s is told with its URL', async (_, listener, text) => {
  const url = await serve(listener)
  await expect(hashDownload(url)).rejects.toMatchObject({
    code: 'download-failed',
    message: expect.stringContaining(text),
  })
})

test('a server that sends nothing is given up', async () => {
  const url = await serve((_, answer) => answer.writeHead(200).flushHeaders())
  await expect(hashDownload(url, { patience: 100 })).rejects.toThrow(
    `${url}: can not be loaded: nothing came for 0.1 s`,
  )
})

test('a server that is not there is told by its error', async () => {
  await expect(hashDownload('http://127.0.0.1:1/x')).rejects.toThrow(/ECONNREFUSED|bad port/)
})

test('an interruption is not a failure of the server', async () => {
  const url = await serve(() => {})
  const abort = new AbortController()
  setTimeout(() => abort.abort(), 20)
  await expect(hashDownload(url, { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' })
})
