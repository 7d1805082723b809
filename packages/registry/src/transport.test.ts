import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { collect, failure } from '../test/collect.ts'
import { type LocalServer, startServer } from '../test/local-server.ts'
import { createTransport, type Transport, type TransportOptions, type TransportRequest } from './transport.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Handler = Parameters<typeof startServer>[0]

async function server(handler: Handler, address?: string): Promise<LocalServer> {
  const started = await startServer(handler, address)
  closing.push(() => started.close())
  return started
}

function transport(options: TransportOptions = {}): Transport {
  const created = createTransport(options)
  closing.push(() => created.close())
  return created
}

const redirectTo =
  (target: () => string): Handler =>
  (_, response) =>
    response.writeHead(307, { location: target() }).end('moved')

function get(url: string, extra: Partial<TransportRequest> = {}): TransportRequest {
  return { method: 'GET', url: new URL(url), home: new URL(url), subject: 'r.io/a blob', ...extra }
}

describe('redirects', () => {
  test('are followed, with the headers of the request and the origin of the answer', async () => {
    const storage = await server((request, response) => response.end(`${request.url} ${request.headers.range}`))
    const registry = await server(redirectTo(() => `${storage.url}/x?sig=1`))
    const answer = await transport().send(get(registry.url, { headers: { range: 'bytes=1-' } }))
    expect(answer).toMatchObject({ status: 200, origin: storage.url })
    expect((await collect(answer.body)).toString()).toBe('/x?sig=1 bytes=1-')
  })

  test('to another origin never carry credentials, also when they come back to the first', async () => {
    const storage = await server((request, response) => redirectTo(() => `${registry.url}/again`)(request, response))
    const registry: LocalServer = await server((request, response) => {
      if (request.url === '/again') response.end('done')
      else if (request.url === '/second') redirectTo(() => `${storage.url}/x`)(request, response)
      else redirectTo(() => '/second')(request, response)
    })
    await transport().send(get(`${registry.url}/first`, { authorization: 'Bearer secret' }))
    expect(registry.requests.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/first', 'Bearer secret'],
      ['/second', 'Bearer secret'],
      ['/again', undefined],
    ])
    expect(storage.requests.map(({ authorization }) => authorization)).toEqual([undefined])
  })

  test('end after five', async () => {
    const registry = await server(redirectTo(() => '/again'))
    const error = await failure(transport().send(get(registry.url)))
    expect(error.code).toBe('redirect-refused')
    expect(error.message).toContain(`more than 5 redirects, the last from ${registry.url}`)
    expect(registry.requests).toHaveLength(6)
  })
})

describe('private addresses', () => {
  // 127.0.0.2 stands for the internet, the rest of 127.0.0.0/8 for the network of this machine.
  const isPrivate = (address: string): boolean => address !== '127.0.0.2'
  const secret = (): Promise<LocalServer> => server((_, response) => response.end('the secret of this network'))

  test.each([
    ['an address', (host: string) => `http://${host}/`],
    ['an address in disguise', (host: string) => `http://${host.replace('127.0.0.1', '0x7f000001')}/`],
    ['a name', (host: string) => `http://${host.replace('127.0.0.1', 'localhost')}/`],
  ])('a public registry cannot send us to %s of this network', async (_, target) => {
    const inside = await secret()
    const registry = await server(
      redirectTo(() => target(inside.host)),
      '127.0.0.2',
    )
    const error = await failure(transport({ isPrivate }).send(get(registry.url)))
    expect(error.code).toBe('redirect-refused')
    expect(error.message).toContain('is in a private network')
    expect(error.message).toContain('set allowPrivateRedirects if that is meant')
    expect(inside.requests).toHaveLength(0)
  })

  test('nor can its token server be there', async () => {
    const inside = await secret()
    const request = get(inside.url, { home: new URL('http://127.0.0.2:5000') })
    expect((await failure(transport({ isPrivate }).send(request))).code).toBe('redirect-refused')
    expect(inside.requests).toHaveLength(0)
  })

  test('a public registry may send us to another public host', async () => {
    const storage = await server((_, response) => response.end('public'), '127.0.0.2')
    const registry = await server(
      redirectTo(() => storage.url),
      '127.0.0.2',
    )
    expect((await transport({ isPrivate }).send(get(registry.url))).origin).toBe(storage.url)
  })

  test('a private registry may have private storage', async () => {
    const inside = await secret()
    const registry = await server(
      redirectTo(() => inside.url),
      '127.0.0.3',
    )
    expect((await transport({ isPrivate }).send(get(registry.url))).origin).toBe(inside.url)
  })

  test('allowPrivateRedirects lifts the ban', async () => {
    const inside = await secret()
    const registry = await server(
      redirectTo(() => inside.url),
      '127.0.0.2',
    )
    const lenient = transport({ isPrivate, allowPrivateRedirects: true })
    expect((await lenient.send(get(registry.url))).origin).toBe(inside.url)
  })
})

describe('network errors', () => {
  test('a port nobody listens on', async () => {
    const gone = await startServer(() => {})
    await gone.close()
    const error = await failure(transport().send(get(`${gone.url}/path?token=secret`)))
    expect(error.code).toBe('network')
    expect(error.message).toBe(
      `r.io/a blob: the connection to ${gone.url} failed ("ECONNREFUSED"); check that it runs and can be reached from here, then try again`,
    )
  })

  test('an unknown host', async () => {
    const error = await failure(transport().send(get('http://does-not-exist.invalid/')))
    expect(error.code).toBe('network')
    expect(error.message).toContain('check the host name and the DNS')
  })

  test('TLS to a server that speaks plain HTTP', async () => {
    const plain = await server((_, response) => response.end())
    const error = await failure(transport().send(get(plain.url.replace('http:', 'https:'))))
    expect(error.code).toBe('network')
    expect(error.message).toContain('if it is meant to speak plain HTTP, list it as insecure')
  })

  test('a server that speaks something else', async () => {
    const odd = createServer((socket) => socket.resume().end('220 smtp.example ESMTP\r\n'))
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => odd.close(resolve)))
    const address = odd.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const error = await failure(transport().send(get(`http://127.0.0.1:${port}/`)))
    expect(error.code).toBe('network')
    expect(error.message).toContain('it does not speak plain HTTP there')
  })

  test('an abort is thrown as its reason', async () => {
    const silent = await server(() => {})
    const work = transport().send(get(silent.url, { signal: AbortSignal.timeout(50) }))
    await expect(work).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('after close', async () => {
    const fine = await server((_, response) => response.end())
    const closed = transport()
    await closed.close()
    expect((await failure(closed.send(get(fine.url)))).code).toBe('network')
  })
})
