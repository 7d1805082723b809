import { expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { content, descriptorOf, json, makeImage, makeIndex } from '../test/image-fixture.ts'
import { bodyOf } from '../test/local-server.ts'
import { useRegistry } from '../test/registry-context.ts'
import { digestOf } from './digest.ts'

const context = useRegistry()
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** An image whose config is as given. */
function imageWith(config: object) {
  const layer = content('layer', 'application/vnd.oci.image.layer.v1.tar')
  const configContent = json(config, 'application/vnd.oci.image.config.v1+json')
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptorOf(configContent),
    layers: [descriptorOf(layer)],
  }
  return { manifest: json(manifest, MANIFEST), config: configContent, layers: [layer] }
}

function takeUploads(): void {
  context.lie((request, response) => {
    const { method, url = '' } = request
    if (!url.includes('/blobs/uploads/')) return false
    if (method === 'POST') response.writeHead(202, { location: '/v2/o/app/blobs/uploads/1' }).end()
    else
      void bodyOf(request).then((bytes) => {
        context.registry.blobs.set(digestOf(bytes), bytes)
        response.writeHead(201).end()
      })
    return true
  })
}

test('an image gets times of its own that are not later than the one given, and is there by digest', async () => {
  const base = { created: '2025-12-01T00:00:00Z', created_by: 'base' }
  const history = [base, { created: '2020-01-01T00:00:00Z', created_by: 'old' }, { created: '2026-01-01T00:00:00Z' }]
  const image = imageWith({
    os: 'linux',
    architecture: 'amd64',
    created: '2026-01-01T00:00:00.123Z',
    history,
    extra: 1,
  })
  context.registry.putImage('o/app', image)
  takeUploads()
  const named = context.reference(`o/app@${image.manifest.digest}`)
  const inherited = 1
  const dated = await context.client.date(named, 1_700_000_001_000, { inherited })
  const manifest = JSON.parse(String(context.registry.manifests.get(`o/app@${dated.digest}`)?.bytes))
  const config = JSON.parse(String(context.registry.blobs.get(manifest.config.digest)))
  expect(config).toEqual({
    os: 'linux',
    architecture: 'amd64',
    created: '2023-11-14T22:13:21Z',
    history: [base, history[1], { created: '2023-11-14T22:13:21Z' }],
    extra: 1,
  })
  expect(manifest.layers).toEqual(image.layers.map(descriptorOf))
  expect(await context.client.date(named, 1_700_000_001_000, { inherited })).toEqual(dated)
})

test('an index is refused', async () => {
  const index = makeIndex([[makeImage({ layers: ['a'] }), { os: 'linux', architecture: 'amd64' }]])
  context.registry.putManifest('o/app', index)
  const error = await failure(context.client.date(context.reference(`o/app@${index.digest}`), 0))
  expect(error).toMatchObject({ code: 'unsupported' })
})
