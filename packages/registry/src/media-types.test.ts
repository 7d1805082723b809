import { expect, test } from 'vitest'
import { bareMediaType, isImageConfig, layerType, manifestKind, ociLayerType } from './media-types.ts'

test.each<[string, ReturnType<typeof manifestKind>]>([
  ['application/vnd.oci.image.manifest.v1+json', 'manifest'],
  ['application/vnd.docker.distribution.manifest.v2+json', 'manifest'],
  ['application/vnd.oci.image.index.v1+json', 'index'],
  ['application/vnd.docker.distribution.manifest.list.v2+json', 'index'],
  ['application/vnd.docker.distribution.manifest.v1+json', 'schema1'],
  ['application/vnd.docker.distribution.manifest.v1+prettyjws', 'schema1'],
  ['application/json', undefined],
  ['text/html', undefined],
])('%s is the manifest kind %s', (mediaType, kind) => {
  expect(manifestKind(mediaType)).toBe(kind)
})

test.each<[string, 'none' | 'gzip' | 'zstd', boolean]>([
  ['application/vnd.oci.image.layer.v1.tar', 'none', true],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip', true],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd', true],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'none', false],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'gzip', false],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd', false],
  ['application/vnd.docker.image.rootfs.diff.tar', 'none', true],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip', true],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd', true],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar', 'none', false],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'gzip', false],
])('%s is a layer, compression %s, distributable %s', (mediaType, compression, distributable) => {
  expect(layerType(mediaType)).toEqual({ compression, distributable })
})

test.each([
  ['application/vnd.docker.image.rootfs.diff.tar', 'application/vnd.oci.image.layer.v1.tar'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'application/vnd.oci.image.layer.v1.tar+gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'application/vnd.oci.image.layer.v1.tar+zstd'],
  [
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'application/vnd.oci.image.layer.v1.tar+zstd'],
  ['application/vnd.docker.image.rootfs.diff.tar.xz', undefined],
])('%s is called %s by OCI', (mediaType, expected) => {
  expect(ociLayerType(mediaType)).toBe(expected)
})

test.each([
  'application/vnd.oci.image.layer.v1.tar+gzip+encrypted',
  'application/vnd.oci.image.layer.v1.tar+xz',
  'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
  'application/vnd.oci.empty.v1+json',
  '',
])('%j is not a layer', (mediaType) => {
  expect(layerType(mediaType)).toBeUndefined()
})

test('image configs are told from the configs of artifacts', () => {
  expect(isImageConfig('application/vnd.oci.image.config.v1+json')).toBe(true)
  expect(isImageConfig('application/vnd.docker.container.image.v1+json')).toBe(true)
  expect(isImageConfig('application/vnd.cncf.helm.config.v1+json')).toBe(false)
})

test.each([
  ['Application/JSON; charset=utf-8', 'application/json'],
  [' text/plain ', 'text/plain'],
  ['', undefined],
  [undefined, undefined],
])('the bare media type of %j is %j', (header, expected) => {
  expect(bareMediaType(header)).toBe(expected)
})
