import { describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { content, descriptorOf, type ImageFixture, json, makeImage, makeIndex } from '../test/image-fixture.ts'
import { useRegistry } from '../test/registry-context.ts'
import type { DatingOptions } from './dated-image.ts'
import type { ImageManifest } from './manifest.ts'

const context = useRegistry()
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json'
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs'
const OCI_LAYER = 'application/vnd.oci.image.layer'

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

/** What is put for an image, as the registry has it. */
async function dated(image: ImageFixture, options: DatingOptions = {}) {
  context.registry.putImage('o/app', image)
  const put = await context.client.date(context.reference(`o/app@${image.manifest.digest}`), 0, options)
  const stored = context.registry.manifests.get(`o/app@${put.digest}`)
  const manifest: ImageManifest & { readonly extra?: number } = JSON.parse(String(stored?.bytes))
  expect(stored?.mediaType).toBe(manifest.mediaType)
  expect(put.mediaType).toBe(manifest.mediaType)
  return { manifest, bytes: String(stored?.bytes), digest: put.digest }
}

describe('annotations', () => {
  const given = { 'org.example.b': '2', 'org.example.a': '1' }

  test("turn a manifest of Docker's into the OCI manifest of the same layers", async () => {
    const image = makeImage({ docker: true })
    const { manifest, digest } = await dated(image, { annotations: given })
    expect(manifest).toEqual({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: expect.stringMatching(/^sha256:/),
        size: expect.any(Number),
      },
      layers: image.layers.map((layer) => ({ ...descriptorOf(layer), mediaType: `${OCI_LAYER}.v1.tar+gzip` })),
      annotations: given,
    })
    const uploads = context.registry.requests.filter(({ method }) => method === 'POST')
    expect(uploads).toHaveLength(1)
    const resolved = await context.client.resolve(context.reference(`o/app@${digest}`))
    expect(resolved).toMatchObject({
      diffIds: image.layers.map((layer) => layer.digest),
      config: { created: '1970-01-01T00:00:00Z' },
    })
  })

  test('are added to those that an OCI manifest has, and win; what else it says stays', async () => {
    const own = { 'org.example.c': '3', 'org.example.a': 'before' }
    const image = makeImage({ manifest: { annotations: own, extra: 1 } })
    const { manifest } = await dated(image, { annotations: given })
    expect(manifest).toMatchObject({ mediaType: MANIFEST, extra: 1, layers: image.layers.map(descriptorOf) })
    expect(manifest.annotations).toEqual({ ...own, ...given })
    expect((await dated(image)).manifest.annotations).toEqual(own)
  })

  test('are none where there are none', async () => {
    expect((await dated(makeImage({ docker: true }))).manifest).not.toHaveProperty('annotations')
    expect((await dated(makeImage())).manifest).not.toHaveProperty('annotations')
  })

  test('give the same bytes in whatever order they are named', async () => {
    const image = makeImage({ docker: true })
    const { 'org.example.b': b, 'org.example.a': a } = given
    const turned = { 'org.example.a': a, 'org.example.b': b }
    expect(JSON.stringify(turned)).not.toBe(JSON.stringify(given))
    expect(await dated(image, { annotations: turned })).toEqual(await dated(image, { annotations: given }))
    const other = makeImage({ manifest: { annotations: { z: '1', c: '2' } } })
    const same = makeImage({ manifest: { annotations: { c: '2', z: '1' } } })
    expect((await dated(other, { annotations: turned })).bytes).toBe((await dated(same, { annotations: given })).bytes)
  })

  test('a layer that is kept elsewhere keeps its addresses', async () => {
    const layer = content('base', `${DOCKER_LAYER}.foreign.diff.tar.gzip`)
    const urls = ['https://example.org/base']
    const image = makeImage({ docker: true, manifest: { layers: [{ ...descriptorOf(layer), urls }] } })
    const { manifest } = await dated(image, { annotations: given })
    const mediaType = `${OCI_LAYER}.nondistributable.v1.tar+gzip`
    expect(manifest.layers).toEqual([{ ...descriptorOf(layer), mediaType, urls }])
  })

  test.each([
    ['layer', { layers: [descriptorOf(content('x', `${DOCKER_LAYER}.diff.tar.xz`))] }],
    ['config', { config: descriptorOf(content('{}', 'application/vnd.docker.plugin.v1+json')) }],
  ])("a manifest of Docker's with a %s of a type that OCI does not have stays as it is", async (_part, fields) => {
    context.registry.blobs.set(content('{}', '').digest, Buffer.from('{}'))
    const image = makeImage({ docker: true, manifest: { ...fields, extra: 1 } })
    const { manifest } = await dated(image, { annotations: given })
    const { config, ...same } = JSON.parse(String(image.manifest.bytes))
    expect(manifest).toEqual({ ...same, config: { ...manifest.config, mediaType: config.mediaType } })
    expect(manifest.mediaType).toBe(DOCKER)
    expect(manifest.config.digest).not.toBe(config.digest)
  })
})
