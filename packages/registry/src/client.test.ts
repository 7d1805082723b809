import { beforeEach, describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { type Content, descriptorOf, makeImage, makeIndex } from '../test/image-fixture.ts'
import { sendJson } from '../test/local-server.ts'
import { useRegistry } from '../test/registry-context.ts'
import { RegistryClient } from './client.ts'
import { digestOf } from './digest.ts'
import { MEDIA_TYPES } from './media-types.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const context = useRegistry()

describe('tag', () => {
  const image = makeImage({ docker: true })
  beforeEach(() => context.registry.putImage('o/app', image, '1'))

  test('puts the same bytes under the new tag', async () => {
    const index = makeIndex([[image, AMD64]])
    context.registry.putManifest('o/app', index)
    for (const manifest of [image.manifest, index] satisfies Content[]) {
      expect(await context.client.tag(context.reference('o/app'), manifest.digest, 'next')).toEqual(
        descriptorOf(manifest),
      )
      expect(context.registry.manifests.get('o/app:next')).toMatchObject({
        bytes: manifest.bytes,
        mediaType: manifest.mediaType,
      })
    }
  })

  test.each(['', '-x', 'a/b', 'a:b', '../x'])('refuses the tag %j before it asks anything', async (tag) => {
    expect((await failure(context.client.tag(context.reference(), image.manifest.digest, tag))).code).toBe(
      'bad-reference',
    )
    expect(context.registry.requests).toHaveLength(0)
  })

  test('refuses to tag what has another digest', async () => {
    const digest = digestOf(Buffer.from('x'))
    context.registry.manifests.set(`o/app@${digest}`, image.manifest)
    expect((await failure(context.client.tag(context.reference(), digest, 'next'))).code).toBe('digest-mismatch')
    expect(context.registry.manifests.has('o/app:next')).toBe(false)
  })

  test('notices when the tag does not point there afterwards', async () => {
    context.lie((request, response) => {
      if (request.method !== 'PUT') return false
      context.registry.putManifest('o/app', makeImage({ layers: ['other'] }).manifest, 'next')
      response.writeHead(201).end()
      return true
    })
    const error = await failure(context.client.tag(context.reference(), image.manifest.digest, 'next'))
    expect(error).toMatchObject({ code: 'digest-mismatch', expected: image.manifest.digest })
    expect(error.message).toContain('see who else sets this tag')
  })

  test('a refused push says so', async () => {
    context.lie((request, response) => {
      if (request.method === 'PUT') sendJson(response, 403, { errors: [{ code: 'DENIED' }] })
      return request.method === 'PUT'
    })
    const error = await failure(context.client.tag(context.reference(), image.manifest.digest, 'next'))
    expect(error).toMatchObject({ code: 'denied', reference: `${context.registry.host}/o/app:next` })
  })
})

describe('retries', () => {
  const image = makeImage()
  beforeEach(() => context.registry.putImage('o/app', image, '1'))

  test.each([429, 500, 502, 503])('%i is asked again', async (status) => {
    let left = 2
    context.lie((_, response) => {
      if (left-- <= 0) return false
      response.writeHead(status, { 'retry-after': '0' }).end()
      return true
    })
    expect((await context.client.resolve(context.reference())).digest).toBe(image.manifest.digest)
  })

  test('a manifest that is cut off is fetched again', async () => {
    let left = 1
    context.lie((_, response) => {
      if (left-- <= 0) return false
      response.writeHead(200, { 'content-length': image.manifest.size }).write(image.manifest.bytes.subarray(0, 10))
      setTimeout(() => response.destroy(), 10)
      return true
    })
    expect((await context.client.resolve(context.reference())).digest).toBe(image.manifest.digest)
  })

  test('end, with the answer of the server', async () => {
    context.lieAboutManifest((response) =>
      sendJson(response, 503, { errors: [{ code: 'UNAVAILABLE', message: 'maintenance' }] }),
    )
    const error = await failure(context.client.resolve(context.reference()))
    expect(error).toMatchObject({ code: 'server', status: 503 })
    expect(error.message).toContain('the registry failed (503 UNAVAILABLE "maintenance"); try again later')
    expect(context.registry.requests).toHaveLength(3)
  })

  test('are not for a server that wants more patience than there is', async () => {
    context.lieAboutManifest((response) => response.writeHead(429, { 'retry-after': '3600' }).end())
    const error = await failure(context.client.resolve(context.reference()))
    expect(error).toMatchObject({ code: 'rate-limited', retryAfter: 3_600_000 })
    expect(context.registry.requests).toHaveLength(1)
  })

  test('404 is not asked again', async () => {
    await failure(context.client.resolve(context.reference('o/app:gone')))
    expect(context.registry.requests).toHaveLength(1)
  })
})

describe('the digests of many references', () => {
  const image = makeImage()
  beforeEach(() => context.registry.putImage('o/app', image, '1'))

  test('come by GET, one request each, and are what is there', async () => {
    expect(await context.client.digest(context.reference('o/app:1'))).toBe(image.manifest.digest)
    expect(await context.client.digest(context.reference('o/app:2'))).toBeUndefined()
    expect(context.registry.requests.map(({ method }) => method)).toEqual(['GET', 'GET'])
  })

  test('do not depend on what a manifest says, and are not taken from a header that contradicts it', async () => {
    const claims = (digest: string) =>
      context.lie((_, response) => {
        response.writeHead(200, { 'content-type': MEDIA_TYPES.ociManifest, 'docker-content-digest': digest }).end('{}')
        return true
      })
    claims(digestOf(Buffer.from('{}')))
    expect(await context.client.digest(context.reference('o/app:1'))).toBe(digestOf(Buffer.from('{}')))
    claims(image.manifest.digest)
    const error = await failure(context.client.digest(context.reference('o/app:1')))
    expect(error).toMatchObject({ code: 'digest-mismatch' })
  })

  test('of a registry that refuses are an error', async () => {
    context.lie((_, response) => {
      sendJson(response, 403, { errors: [{ code: 'DENIED' }] })
      return true
    })
    const error = await failure(context.client.digest(context.reference('o/app:1')))
    expect(error).toMatchObject({ code: 'denied', reference: `${context.registry.host}/o/app:1` })
  })

  test('are counted, with what is asked again', async () => {
    let requests = 0
    let refused = 1
    context.lie((_, response) => {
      if (refused-- <= 0) return false
      response.writeHead(503, { 'retry-after': '0' }).end()
      return true
    })
    const onRequest = () => {
      requests++
    }
    const client = new RegistryClient({ onRequest, retryDelay: 1 })
    await client.digest(context.reference('o/app:1'))
    await client.close()
    expect(requests).toBe(2)
  })
})

describe('a manifest by itself', () => {
  const image = makeImage({ manifest: { annotations: { 'org.example.a': '1' } } })

  test('tells what it says in one request, and is not asked for again to resolve the image', async () => {
    context.registry.putImage('o/app', image, '1')
    const found = await context.client.manifest(context.reference())
    expect(found).toMatchObject({
      digest: image.manifest.digest,
      document: {
        kind: 'manifest',
        manifest: { annotations: { 'org.example.a': '1' }, layers: image.layers.map(descriptorOf) },
      },
    })
    const resolved = await context.client.resolve(context.reference(), undefined, { found })
    expect(resolved).toEqual(await context.client.resolve(context.reference()))
    const paths = context.registry.requests.map(({ path }) => path.replace('/v2/o/app/', ''))
    const config = `blobs/${image.config.digest}`
    expect(paths).toEqual(['manifests/1', config, 'manifests/1', config])
  })

  test('may be an index, from which resolving goes on', async () => {
    context.registry.putImage('o/app', image)
    context.registry.putManifest('o/app', makeIndex([[image, AMD64]]), '1')
    const found = await context.client.manifest(context.reference())
    expect(found.document.kind).toBe('index')
    const resolved = await context.client.resolve(context.reference(), 'linux/amd64', { found })
    expect(resolved).toMatchObject({ digest: image.manifest.digest, indexDigest: found.digest })
    expect(context.registry.requests).toHaveLength(3)
  })

  test('that is not there is not found, with its reference', async () => {
    const error = await failure(context.client.manifest(context.reference()))
    expect(error).toMatchObject({ code: 'not-found', reference: `${context.registry.host}/o/app:1` })
  })
})

test('hosts that are not loopback are spoken to in https, unless said otherwise', async () => {
  const wrong = new RegistryClient({ retries: 0, insecure: () => false })
  const error = await failure(wrong.resolve(context.reference()))
  await wrong.close()
  expect(error.message).toContain(`the connection to https://${context.registry.host} failed`)
})
