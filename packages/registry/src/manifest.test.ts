import { describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { descriptorOf, makeImage, makeIndex } from '../test/image-fixture.ts'
import { parseManifest } from './manifest.ts'
import { MEDIA_TYPES } from './media-types.ts'

const image = makeImage()
const plain: Record<string, unknown> = JSON.parse(image.manifest.bytes.toString())

function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}

describe('a manifest', () => {
  test.each([false, true])('is read with its descriptors (docker: %s)', (docker) => {
    const { manifest, config, layers } = makeImage({ docker })
    const parsed = parseManifest(manifest.bytes, manifest.mediaType, 'r.io/a')
    expect(parsed).toEqual({
      kind: 'manifest',
      manifest: {
        schemaVersion: 2,
        mediaType: manifest.mediaType,
        config: descriptorOf(config),
        layers: layers.map(descriptorOf),
      },
    })
  })

  test('keeps annotations and urls, and takes null for absent', () => {
    const layer = { ...descriptorOf(image.config), urls: ['https://example.org/layer'], platform: null }
    const document = { ...plain, layers: [layer], annotations: { a: 'b', ['__proto__']: 'c' }, artifactType: null }
    const parsed = parseManifest(bytesOf(document), undefined, 'r.io/a')
    expect(parsed).toMatchObject({ manifest: { layers: [{ urls: ['https://example.org/layer'] }] } })
    expect(parsed.kind === 'manifest' && Object.entries(parsed.manifest.annotations ?? {})).toEqual([
      ['a', 'b'],
      ['__proto__', 'c'],
    ])
  })

  test('without media type is what its fields show', () => {
    const { mediaType: _, ...untyped } = plain
    expect(parseManifest(bytesOf(untyped), undefined, 'x')).toMatchObject({
      manifest: { mediaType: MEDIA_TYPES.ociManifest },
    })
    expect(parseManifest(bytesOf(untyped), 'application/json', 'x').kind).toBe('manifest')
    const claimed = parseManifest(bytesOf(untyped), MEDIA_TYPES.dockerManifest, 'x')
    expect(claimed).toMatchObject({ manifest: { mediaType: MEDIA_TYPES.dockerManifest } })
    expect(parseManifest(bytesOf({ schemaVersion: 2, manifests: [] }), undefined, 'x').kind).toBe('index')
  })
})

test.each([false, true])('an index is read with its platforms (docker: %s)', (docker) => {
  const platform = { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '1', 'os.features': ['a'] }
  const index = makeIndex([[image, platform]], { docker })
  expect(parseManifest(index.bytes, index.mediaType, 'x')).toEqual({
    kind: 'index',
    index: { schemaVersion: 2, mediaType: index.mediaType, manifests: [{ ...descriptorOf(image.manifest), platform }] },
  })
})

describe('refused as damaged', () => {
  test.each<[string, unknown, string]>([
    ['no JSON', '<html>', 'it is not JSON'],
    ['cut off', '{"schemaVersion":2,', 'it is not JSON'],
    ['a list', [], 'it is not a JSON object'],
    ['null', 'null', 'it is not a JSON object'],
    ['another schema', { ...plain, schemaVersion: '2' }, 'schemaVersion is not 2'],
    ['both kinds in one', { ...plain, manifests: [] }, 'it is an image and has "manifests" as an index has'],
    ['no layers', { ...plain, layers: undefined }, 'layers is missing'],
    ['layers null', { ...plain, layers: null }, 'layers is not a list'],
    ['layers of numbers', { ...plain, layers: [1] }, 'layers[0] is not an object'],
    ['too many layers', { ...plain, layers: Array(20_001).fill(0) }, 'layers has more than 20000 entries'],
    ['config a text', { ...plain, config: 'x' }, 'config is not an object'],
    ['no digest', { ...plain, config: { mediaType: 'a', size: 1 } }, 'config.digest is missing'],
    [
      'path as digest',
      { ...plain, config: { mediaType: 'a', size: 1, digest: '../x' } },
      'config.digest "../x" is not',
    ],
    ['negative size', { ...plain, config: { ...image.config, size: -1 } }, 'config.size is not a number of bytes'],
    ['broken size', { ...plain, config: { ...image.config, size: 1.5 } }, 'config.size is not a number of bytes'],
    ['huge size', { ...plain, config: { ...image.config, size: 1e300 } }, 'config.size is not a number of bytes'],
    ['annotation not a text', { ...plain, annotations: { a: 1 } }, 'annotations: the value of "a" is not a text'],
  ])('%s', async (_, document, problem) => {
    const error = await failure(() => parseManifest(bytesOf(document), undefined, 'r.io/a:1'))
    expect(error.code).toBe('bad-manifest')
    expect(error.message).toMatch(/^r\.io\/a:1: .*; build and push the image again$/)
    expect(error.message).toContain(problem)
  })

  test('bytes that are not UTF-8', async () => {
    const error = await failure(() => parseManifest(Buffer.from('{"mediaType":"\xff"}', 'latin1'), undefined, 'x'))
    expect(error.code).toBe('bad-manifest')
  })

  test('every problem is reported', async () => {
    const document = { ...plain, schemaVersion: 3, config: {}, layers: [{ size: 1 }] }
    const error = await failure(() => parseManifest(bytesOf(document), undefined, 'x'))
    expect(error.problems).toEqual([
      'schemaVersion is not 2',
      'config.mediaType is missing',
      'config.digest is missing',
      'config.size is missing',
      'layers[0].mediaType is missing',
      'layers[0].digest is missing',
    ])
  })

  test('of very many problems the message has the first ten', async () => {
    const error = await failure(() => parseManifest(bytesOf({ ...plain, layers: Array(1000).fill(0) }), undefined, 'x'))
    expect(error.problems).toHaveLength(1000)
    expect(error.message).toContain('layers[9] is not an object; and 990 more')
    expect(error.message.length).toBeLessThan(1000)
  })

  test('a type other than the one announced', async () => {
    const error = await failure(() => parseManifest(bytesOf(plain), MEDIA_TYPES.dockerManifest, 'x'))
    expect(error.code).toBe('bad-manifest')
    expect(error.message).toContain(
      `announced as "${MEDIA_TYPES.dockerManifest}" and calls itself "${MEDIA_TYPES.ociManifest}"`,
    )
  })
})

describe('not supported', () => {
  test.each<[string, unknown, string | undefined]>([
    ['by its version', { schemaVersion: 1, fsLayers: [], history: [] }, undefined],
    ['by its type', { schemaVersion: 2 }, 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
  ])('schema 1, known %s', async (_, document, claimed) => {
    const error = await failure(() => parseManifest(bytesOf(document), claimed, 'r.io/old:1'))
    expect(error.code).toBe('unsupported')
    expect(error.message).toMatch(
      /^r\.io\/old:1: is an image of the obsolete schema 1, .* Docker engine of 1\.10 or later$/,
    )
  })

  test.each<[unknown, string | undefined, string]>([
    [{}, undefined, 'is a document of no known type'],
    [{ schemaVersion: 2, mediaType: 'application/x' }, undefined, 'is of type "application/x"'],
    [{ schemaVersion: 2 }, 'text/plain', 'is of type "text/plain"'],
  ])('%j', async (document, claimed, text) => {
    const error = await failure(() => parseManifest(bytesOf(document), claimed, 'x'))
    expect(error.code).toBe('unsupported')
    expect(error.message).toContain(text)
  })
})
