import type { ServerResponse } from 'node:http'
import { beforeEach, describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { content, descriptorOf, makeImage, makeIndex } from '../test/image-fixture.ts'
import { useRegistry } from '../test/registry-context.ts'
import { digestOf } from './digest.ts'
import { MEDIA_TYPES } from './media-types.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const context = useRegistry()

describe('a registry that lies', () => {
  const image = makeImage()
  const send = (response: ServerResponse, bytes: Buffer, headers: Record<string, string | number> = {}): void => {
    response.writeHead(200, { 'content-type': image.manifest.mediaType, ...headers }).end(bytes)
  }
  beforeEach(() => context.registry.putImage('o/app', image, '1'))

  test('about the digest asked for', async () => {
    context.lieAboutManifest((response) => send(response, makeImage({ layers: ['evil'] }).manifest.bytes))
    const error = await failure(context.client.resolve(context.reference(`o/app@${image.manifest.digest}`)))
    expect(error).toMatchObject({ code: 'digest-mismatch', expected: image.manifest.digest })
    expect(error.message).toContain(`the reference says ${image.manifest.digest}`)
  })

  test.each([digestOf(Buffer.from('other')), 'nonsense'])('in Docker-Content-Digest: %s', async (digest) => {
    context.lieAboutManifest((response) => send(response, image.manifest.bytes, { 'docker-content-digest': digest }))
    const error = await failure(context.client.resolve(context.reference()))
    expect(error.code).toBe('digest-mismatch')
    expect(error.message).toContain('the header Docker-Content-Digest says')
  })

  test('about the size in an index', async () => {
    const { bytes } = makeIndex([[{ ...image, manifest: { ...image.manifest, size: 5 } }, AMD64]])
    context.registry.putManifest('o/app', content(bytes, MEDIA_TYPES.ociIndex), '1')
    expect(await failure(context.client.resolve(context.reference()))).toMatchObject({
      code: 'size-mismatch',
      expected: 5,
    })
  })

  test('about the type in an index', async () => {
    const wrong = { ...image.manifest, mediaType: MEDIA_TYPES.dockerManifest }
    context.registry.putManifest('o/app', makeIndex([[{ ...image, manifest: wrong }, AMD64]]), '1')
    expect((await failure(context.client.resolve(context.reference()))).code).toBe('bad-manifest')
  })

  test('about its Content-Type', async () => {
    context.lieAboutManifest((response) =>
      send(response, image.manifest.bytes, { 'content-type': MEDIA_TYPES.ociIndex }),
    )
    expect((await failure(context.client.resolve(context.reference()))).code).toBe('bad-manifest')
  })

  test('with a general Content-Type is believed by the document', async () => {
    context.lieAboutManifest((response) =>
      send(response, image.manifest.bytes, { 'content-type': 'application/json; charset=utf-8' }),
    )
    expect((await context.client.resolve(context.reference())).digest).toBe(image.manifest.digest)
  })

  test('by being a web server', async () => {
    context.lieAboutManifest((response) =>
      send(response, Buffer.from('<html>'), { 'content-type': 'text/html; charset=utf-8' }),
    )
    const error = await failure(context.client.resolve(context.reference()))
    expect(error.code).toBe('server')
    expect(error.message).toContain('answered with a web page; check that 127.0.0.1')
  })

  test('with a signed manifest of schema 1, whose digest is not that of its bytes', async () => {
    const headers = {
      'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws',
      'docker-content-digest': digestOf(Buffer.from('unsigned')),
    }
    context.lieAboutManifest((response) => send(response, Buffer.from('{"schemaVersion":1}'), headers))
    const error = await failure(context.client.resolve(context.reference()))
    expect(error.code).toBe('unsupported')
    expect(error.message).toContain('obsolete schema 1')
  })

  test.each([
    ['announced', { 'content-length': 5 * 1024 * 1024 }],
    ['without a length', {}],
  ])('with an endless manifest, %s', async (_, headers) => {
    context.lieAboutManifest((response) => {
      response.writeHead(200, headers)
      const timer = setInterval(() => response.write(Buffer.alloc(512 * 1024, '[')), 1)
      response.on('close', () => clearInterval(timer))
    })
    const error = await failure(context.client.resolve(context.reference()))
    expect(error.code).toBe('bad-manifest')
    expect(error.message).toContain('has more than 4194304 bytes')
  })

  test('about the config', async () => {
    context.registry.blobs.set(image.config.digest, Buffer.alloc(image.config.size, ' '))
    expect((await failure(context.client.resolve(context.reference()))).code).toBe('digest-mismatch')
  })

  test('with a config of many bytes, which is not even fetched', async () => {
    const config = { ...descriptorOf(image.config), size: 100 * 1024 * 1024 }
    context.registry.putImage('o/app', makeImage({ manifest: { config } }), '1')
    expect((await failure(context.client.resolve(context.reference()))).code).toBe('bad-manifest')
    expect(context.registry.requests.filter(({ path }) => path.includes('/blobs/'))).toHaveLength(0)
  })

  test('with a config whose diff ids are not those of the layers', async () => {
    context.registry.putImage('o/app', makeImage({ config: { rootfs: { type: 'layers', diff_ids: [] } } }), '1')
    const error = await failure(context.client.resolve(context.reference()))
    expect(error.code).toBe('bad-manifest')
    expect(error.message).toContain('config: rootfs.diff_ids has 0 entries and the manifest 2 layers')
  })
})

describe('head', () => {
  const image = makeImage()
  beforeEach(() => context.registry.putImage('o/app', image, '1'))

  test('says what a tag points to, with a single request', async () => {
    expect(await context.client.head(context.reference())).toEqual(descriptorOf(image.manifest))
    expect(context.registry.requests.map(({ method }) => method)).toEqual(['HEAD'])
  })

  test('is undefined for a missing tag, and only then', async () => {
    expect(await context.client.head(context.reference('o/app:gone'))).toBeUndefined()
    context.lieAboutManifest((response) => response.writeHead(403).end())
    expect((await failure(context.client.head(context.reference()))).code).toBe('denied')
  })

  test.each<[string, Record<string, string>]>([
    ['no digest', { 'content-type': image.manifest.mediaType, 'content-length': '10' }],
    [
      'no length',
      {
        'content-type': image.manifest.mediaType,
        'docker-content-digest': image.manifest.digest,
        'transfer-encoding': 'chunked',
      },
    ],
    ['no type', { 'docker-content-digest': image.manifest.digest, 'content-length': '10' }],
  ])('reads the manifest when the headers have %s', async (_, headers) => {
    context.lie((request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, headers).end()
      return request.method === 'HEAD'
    })
    expect(await context.client.head(context.reference())).toEqual(descriptorOf(image.manifest))
  })

  test('reads the manifest when the header has another digest than the one asked for', async () => {
    const headers = { 'content-type': image.manifest.mediaType, 'docker-content-digest': digestOf(Buffer.from('x')) }
    context.lie((request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { ...headers, 'content-length': 10 }).end()
      return request.method === 'HEAD'
    })
    const asked = context.reference(`o/app@${image.manifest.digest}`)
    expect(await context.client.head(asked)).toEqual(descriptorOf(image.manifest))
  })
})
