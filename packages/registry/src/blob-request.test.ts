import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { collect, failure } from '../test/collect.ts'
import { content, descriptorOf } from '../test/image-fixture.ts'
import { startServer } from '../test/local-server.ts'
import { useRegistry } from '../test/registry-context.ts'
import { digestOf } from './digest.ts'

const LAYER = content(randomBytes(3 * 1024 * 1024), 'application/vnd.oci.image.layer.v1.tar+gzip')
const DESCRIPTOR = descriptorOf(LAYER)
const context = useRegistry()

/** Cuts the n-th connection after so many bytes; the others send everything asked for. */
function cutAfter(cuts: readonly number[], ranges: boolean): void {
  let connections = 0
  context.lie((request, response) => {
    const start = ranges ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
    const headers: Record<string, string | number> = { 'content-length': LAYER.size - start }
    if (start > 0) headers['content-range'] = `bytes ${start}-${LAYER.size - 1}/${LAYER.size}`
    response.writeHead(start > 0 ? 206 : 200, headers)
    const cut = cuts[connections++]
    if (cut === undefined) response.end(LAYER.bytes.subarray(start))
    else response.write(LAYER.bytes.subarray(start, start + cut), () => setTimeout(() => response.destroy(), 10))
    return true
  })
}

beforeEach(() => {
  context.registry.blobs.set(LAYER.digest, LAYER.bytes)
})

describe('a blob', () => {
  test('is streamed whole', async () => {
    expect((await collect(context.client.blob(context.reference(), DESCRIPTOR))).equals(LAYER.bytes)).toBe(true)
  })

  test('with a sha512 digest', async () => {
    const digest = digestOf(LAYER.bytes, 'sha512')
    context.registry.blobs.set(digest, LAYER.bytes)
    expect((await collect(context.client.blob(context.reference(), { ...DESCRIPTOR, digest }))).length).toBe(LAYER.size)
  })

  test('may be somewhere else', async () => {
    const storage = await startServer((_, response) => response.end(LAYER.bytes))
    context.lie((_, response) => {
      response.writeHead(307, { location: `${storage.url}/x` }).end()
      return true
    })
    expect((await collect(context.client.blob(context.reference(), DESCRIPTOR))).equals(LAYER.bytes)).toBe(true)
    await storage.close()
  })

  test('can be left early, which closes the connection', async () => {
    let closed = (): void => {}
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    context.lie((_, response) => {
      response.on('close', closed).writeHead(200, { 'content-length': LAYER.size }).write(LAYER.bytes.subarray(0, 1000))
      return true
    })
    for await (const _ of context.client.blob(context.reference(), DESCRIPTOR)) break
    await gone
  })

  test('stops when it is aborted, with the reason', async () => {
    context.lie((_, response) => {
      response.writeHead(200, { 'content-length': LAYER.size }).write(LAYER.bytes.subarray(0, 1000))
      return true
    })
    const controller = new AbortController()
    const read = async (): Promise<void> => {
      for await (const _ of context.client.blob(context.reference(), DESCRIPTOR, { signal: controller.signal })) {
        controller.abort(new Error('enough'))
      }
    }
    await expect(read()).rejects.toThrow('enough')
    expect(context.registry.requests).toHaveLength(1)
  })

  test('is read no faster than the reader takes it', async () => {
    let sent = 0
    context.lie((_, response) => {
      response.writeHead(200, { 'content-length': 1024 ** 3 })
      const pump = (): void => {
        while (!response.destroyed && sent < 1024 ** 3) {
          sent += 65536
          if (!response.write(Buffer.alloc(65536))) break
        }
      }
      response.on('drain', pump)
      pump()
      return true
    })
    for await (const _ of context.client.blob(context.reference(), { ...DESCRIPTOR, size: 1024 ** 3 })) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      break
    }
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })
})

describe('a registry that lies about a blob', () => {
  const answer = (bytes: Buffer): void => {
    context.lie((_, response) => {
      response.end(bytes)
      return true
    })
  }

  test('with other bytes', async () => {
    answer(Buffer.alloc(LAYER.size))
    const error = await failure(collect(context.client.blob(context.reference(), DESCRIPTOR)))
    expect(error).toMatchObject({
      code: 'digest-mismatch',
      expected: LAYER.digest,
      registry: context.registry.host,
      reference: `${context.registry.host}/o/app:1`,
    })
    expect(error.message).toContain(`${context.registry.host}/o/app blob ${LAYER.digest}: digest is sha256:`)
  })

  test('with too few', async () => {
    answer(LAYER.bytes.subarray(1))
    const error = await failure(collect(context.client.blob(context.reference(), DESCRIPTOR)))
    expect(error).toMatchObject({ code: 'size-mismatch', expected: LAYER.size, actual: LAYER.size - 1 })
  })

  test('with too many', async () => {
    answer(Buffer.concat([LAYER.bytes, Buffer.alloc(1)]))
    expect((await failure(collect(context.client.blob(context.reference(), DESCRIPTOR)))).code).toBe('size-mismatch')
  })

  test('by not having it', async () => {
    context.registry.blobs.clear()
    const error = await failure(collect(context.client.blob(context.reference(), DESCRIPTOR)))
    expect(error).toMatchObject({ code: 'not-found', status: 404 })
  })

  test('and a foreign layer is named with its place, which is not asked', async () => {
    context.registry.blobs.clear()
    const foreign = { ...DESCRIPTOR, urls: ['https://publisher.example/layer'] }
    const error = await failure(collect(context.client.blob(context.reference(), foreign)))
    expect(error.code).toBe('not-found')
    expect(error.message).toContain('its publisher keeps it at "https://publisher.example/layer"')
  })

  test('by a digest that is a path', async () => {
    const forged = { ...DESCRIPTOR, digest: '../../secret' }
    expect((await failure(collect(context.client.blob(context.reference(), forged)))).code).toBe('unsupported')
    expect(context.registry.requests).toHaveLength(0)
  })
})

describe('a connection that is cut', () => {
  test.each([
    ['is taken up where it broke', true],
    ['begins again with a server without ranges, and nothing is passed on twice', false],
  ])('%s', async (_, ranges) => {
    cutAfter([100_000, 50_000], ranges)
    expect((await collect(context.client.blob(context.reference(), DESCRIPTOR))).equals(LAYER.bytes)).toBe(true)
    const asked = context.registry.requests.map(({ range }) => range)
    expect(asked[0]).toBeUndefined()
    expect(asked[1]).toBe('bytes=100000-')
    expect(asked).toHaveLength(3)
  })

  test('too often is an error that names the blob and the offset', async () => {
    cutAfter([1000, 1000, 1000, 1000], true)
    const error = await failure(collect(context.client.blob(context.reference(), DESCRIPTOR)))
    expect(error).toMatchObject({ code: 'network', offset: 3000 })
    expect(error.message).toMatch(
      /^127\.0\.0\.1:\d+\/o\/app blob sha256:[0-9a-f]{64}: the connection to http:\/\/127\.0\.0\.1:\d+ was cut at byte 3000 \("UND_ERR_SOCKET"\); check/,
    )
  })

  test.each(['bytes 5-10/20', 'nonsense', ''])('a part that begins elsewhere is refused: %j', async (range) => {
    let connections = 0
    context.lie((_, response) => {
      if (connections++ === 0) {
        response.writeHead(200, { 'content-length': LAYER.size }).write(LAYER.bytes.subarray(0, 1000))
        setTimeout(() => response.destroy(), 20)
      } else {
        response.writeHead(206, { 'content-range': range }).end(LAYER.bytes.subarray(1000))
      }
      return true
    })
    const error = await failure(collect(context.client.blob(context.reference(), DESCRIPTOR)))
    expect(error.code).toBe('server')
    expect(error.message).toContain(`asked ${context.registry.url} for the bytes from 1000 on`)
  })

  test('does not let wrong bytes through when it is taken up', async () => {
    let connections = 0
    context.lie((_, response) => {
      if (connections++ === 0) {
        response.writeHead(200, { 'content-length': LAYER.size }).write(LAYER.bytes.subarray(0, 1000))
        setTimeout(() => response.destroy(), 20)
      } else {
        const headers = { 'content-range': `bytes 1000-${LAYER.size - 1}/${LAYER.size}` }
        response.writeHead(206, headers).end(Buffer.alloc(LAYER.size - 1000))
      }
      return true
    })
    expect((await failure(collect(context.client.blob(context.reference(), DESCRIPTOR)))).code).toBe('digest-mismatch')
  })
})
