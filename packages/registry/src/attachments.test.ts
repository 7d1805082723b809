import { beforeEach, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { makeImage } from '../test/image-fixture.ts'
import { bodyOf } from '../test/local-server.ts'
import { useRegistry } from '../test/registry-context.ts'
import { digestOf } from './digest.ts'

const context = useRegistry()
const image = makeImage({ layers: ['one'] })
const TYPE = 'application/vnd.example.thing.v1'
const reference = () => context.reference(`o/app@${image.manifest.digest}`)
const blob = (text: string) => ({ mediaType: 'text/plain', bytes: Buffer.from(text), annotations: { name: text } })
let uploads: string[]

/** Takes uploads, as the specification says; `elsewhere` sends them to another host. */
function takeUploads(elsewhere?: string): void {
  context.lie((request, response) => {
    const { method, url = '' } = request
    if (method === 'POST' && url.endsWith('/blobs/uploads/')) {
      response.writeHead(202, { location: `${elsewhere ?? ''}/v2/o/app/blobs/uploads/1?state=x` }).end()
      return true
    }
    if (method !== 'PUT' || !url.includes('/blobs/uploads/')) return false
    const digest = new URL(url, 'http://registry').searchParams.get('digest') ?? ''
    uploads.push(digest)
    void bodyOf(request).then((bytes) => {
      context.registry.blobs.set(digest, bytes)
      response.writeHead(digest === digestOf(bytes) ? 201 : 400).end()
    })
    return true
  })
}

beforeEach(() => {
  uploads = []
  context.registry.putImage('o/app', image, '1')
  takeUploads()
})

test('what is attached to an image is found by its type, with its content', async () => {
  const { client } = context
  await client.attach(reference(), { artifactType: TYPE, blobs: [blob('a'), blob('b')] })
  await client.attach(reference(), { artifactType: 'application/vnd.example.other', blobs: [blob('c')] })
  const [found, ...others] = await client.attachments(reference(), TYPE)
  expect(others).toEqual([])
  expect(found?.layers.map(({ annotations }) => annotations?.name)).toEqual(['a', 'b'])
})

test('the same again sends no content and is there once', async () => {
  const attachment = { artifactType: TYPE, blobs: [blob('a')] }
  await context.client.attach(reference(), attachment)
  const before = uploads.length
  await context.client.attach(reference(), attachment)
  expect(uploads).toHaveLength(before)
  expect(await context.client.attachments(reference(), TYPE)).toHaveLength(1)
})

test('without the API they are listed under a tag named by the digest of the image', async () => {
  await context.client.attach(reference(), { artifactType: TYPE, blobs: [blob('a')] })
  const index = context.registry.manifests.get(`o/app:${image.manifest.digest.replace(':', '-')}`)
  expect(JSON.parse(String(index?.bytes)).manifests).toEqual([expect.objectContaining({ artifactType: TYPE })])
})

test('an image that nothing is attached to has nothing', async () => {
  expect(await context.client.attachments(reference(), TYPE)).toEqual([])
})

test('a page in place of the list is no list', async () => {
  context.lie((request, response) => {
    if (!request.url?.includes('/referrers/')) return false
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
    return true
  })
  expect(await context.client.attachments(reference(), TYPE)).toEqual([])
})

test('content goes to no other host, whatever the registry says', async () => {
  takeUploads('http://127.0.0.1:1')
  const error = await failure(context.client.attach(reference(), { artifactType: TYPE, blobs: [blob('a')] }))
  expect(error).toMatchObject({
    code: 'redirect-refused',
    message: expect.stringContaining('sends uploads to http://127.0.0.1:1'),
  })
  expect(uploads).toEqual([])
})

test('a tag can have nothing attached: it may lead elsewhere tomorrow', async () => {
  const error = await failure(context.client.attachments(context.reference('o/app:1'), TYPE))
  expect(error).toMatchObject({ code: 'unsupported' })
})
