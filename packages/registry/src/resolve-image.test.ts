import { describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { content, descriptorOf, json, makeImage, makeIndex } from '../test/image-fixture.ts'
import { useRegistry } from '../test/registry-context.ts'
import { MEDIA_TYPES } from './media-types.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const ARM_V7 = { os: 'linux', architecture: 'arm', variant: 'v7' }
const context = useRegistry()

describe('resolve', () => {
  test.each([false, true])('reads manifest and config of a single image (docker: %s)', async (docker) => {
    const image = makeImage({ docker })
    context.registry.putImage('o/app', image, '1')
    const resolved = await context.client.resolve(context.reference())
    expect(resolved).toMatchObject({
      reference: context.reference(),
      digest: image.manifest.digest,
      configDescriptor: descriptorOf(image.config),
      layers: image.layers.map(descriptorOf),
      diffIds: image.layers.map(({ digest }) => digest),
      config: { os: 'linux', config: { Env: ['PATH=/bin'], Cmd: ['sh'] } },
    })
    expect(resolved.indexDigest).toBeUndefined()
  })

  test.each([false, true])('chooses from an index by platform, linux/amd64 by default (docker: %s)', async (docker) => {
    const amd = makeImage({ docker })
    const arm = makeImage({ docker, architecture: 'arm', layers: ['arm'] })
    const attestation = makeImage({ layers: ['attestation'] })
    const index = makeIndex(
      [
        [attestation, { os: 'unknown', architecture: 'unknown' }],
        [arm, ARM_V7],
        [amd, AMD64],
      ],
      { docker },
    )
    for (const image of [amd, arm]) context.registry.putImage('o/app', image)
    context.registry.putManifest('o/app', index, '1')
    expect(await context.client.resolve(context.reference())).toMatchObject({
      digest: amd.manifest.digest,
      indexDigest: index.digest,
    })
    expect((await context.client.resolve(context.reference(), 'linux/arm/v7')).digest).toBe(arm.manifest.digest)
    const error = await failure(context.client.resolve(context.reference(), 'linux/s390x'))
    expect(error).toMatchObject({ code: 'platform-not-found', reference: `${context.registry.host}/o/app:1` })
    expect(error.message).toBe(
      `${context.registry.host}/o/app:1: no image for "linux/s390x" in the index; there are "unknown/unknown", "linux/arm/v7", "linux/amd64"`,
    )
  })

  test('by digest, which wins over a tag', async () => {
    const image = makeImage()
    context.registry.putImage('o/app', image)
    const { digest } = image.manifest
    expect((await context.client.resolve(context.reference(`o/app:gone@${digest}`))).digest).toBe(digest)
  })

  test('without tag and digest reads the tag latest', async () => {
    context.registry.putImage('o/app', makeImage(), 'latest')
    expect((await context.client.resolve(context.reference('o/app'))).layers).toHaveLength(2)
  })

  test('an index in an index is followed, not for ever', async () => {
    const image = makeImage()
    context.registry.putImage('o/app', image)
    let index = makeIndex([[image, AMD64]])
    for (let depth = 1; depth <= 4; depth++) {
      context.registry.putManifest('o/app', index, `depth-${depth}`)
      index = json(
        { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [{ ...descriptorOf(index), platform: AMD64 }] },
        MEDIA_TYPES.ociIndex,
      )
    }
    context.registry.putManifest('o/app', index, 'depth-5')
    expect((await context.client.resolve(context.reference('o/app:depth-4'))).digest).toBe(image.manifest.digest)
    expect((await failure(context.client.resolve(context.reference('o/app:depth-5')))).code).toBe('unsupported')
  })

  test('the only image of an index without platforms is taken when its config fits', async () => {
    const image = makeImage()
    context.registry.putImage('o/app', image)
    context.registry.putManifest('o/app', makeIndex([[image, undefined]]), '1')
    expect((await context.client.resolve(context.reference())).digest).toBe(image.manifest.digest)
    expect((await failure(context.client.resolve(context.reference(), 'linux/arm64'))).code).toBe('platform-not-found')
  })

  test('a single image for another platform is refused', async () => {
    context.registry.putImage('o/app', makeImage({ architecture: 'arm64' }), '1')
    const error = await failure(context.client.resolve(context.reference()))
    expect(error.code).toBe('platform-not-found')
    expect(error.message).toContain('the image is for "linux/arm64", asked for "linux/amd64"')
  })

  test('a missing image is not found', async () => {
    const error = await failure(context.client.resolve(context.reference('o/app:gone')))
    expect(error).toMatchObject({
      code: 'not-found',
      status: 404,
      registry: context.registry.host,
      reference: `${context.registry.host}/o/app:gone`,
    })
    expect(error.message).toContain('(404 MANIFEST_UNKNOWN "manifest unknown")')
  })

  test('a reference put together by hand is checked before it becomes a URL', async () => {
    const forged = { registry: context.registry.host, repository: '../../admin', tag: '1' }
    expect((await failure(context.client.resolve(forged))).code).toBe('bad-reference')
    expect(context.registry.requests).toHaveLength(0)
  })
})

describe('artifacts', () => {
  test.each<[string, object, string]>([
    [
      'a chart',
      { config: { ...makeImage().config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } },
      'an artifact of type "application/vnd.cncf.helm.config.v1+json"',
    ],
    [
      'a signature',
      { config: content('{}', 'application/vnd.oci.empty.v1+json'), artifactType: 'application/sig' },
      'an artifact of type "application/sig"',
    ],
    [
      'an encrypted layer',
      { layers: [content('x', 'application/vnd.oci.image.layer.v1.tar+gzip+encrypted')] },
      'layer 1: media type "application/vnd.oci.image.layer.v1.tar+gzip+encrypted" is not',
    ],
  ])('%s is not an image', async (_, manifest, text) => {
    context.registry.putImage('o/app', makeImage({ manifest }), '1')
    const error = await failure(context.client.resolve(context.reference()))
    expect(error.code).toBe('unsupported')
    expect(error.message).toContain(text)
  })
})
