import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect } from '../test/collect.ts'
import { archiveFiles, packArchive, savedImage } from '../test/docker-archive-fixture.ts'
import { makeImage } from '../test/image-fixture.ts'
import { blobName, blobsOf, makeLayout, writeLayout } from '../test/layout-fixture.ts'
import { imageFormat } from './image-format.ts'
import { openImageLayout } from './image-layout.ts'
import { parseReference } from './reference.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-format-'))
})
afterAll(() => rm(folder, { recursive: true }))

function packed(directory: string): string {
  execFileSync('tar', ['-C', directory, '-cf', `${directory}.tar`, '.'])
  return `${directory}.tar`
}

const image = makeImage()

test('a layout, as a directory and as a tar', async () => {
  const directory = join(folder, 'layout')
  await writeLayout(directory, makeLayout([{ manifest: image.manifest }], blobsOf(image)))
  expect(await imageFormat(directory)).toBe('layout')
  expect(await imageFormat(packed(directory))).toBe('layout')
})

test('an archive of docker save, as a tar only', async () => {
  const archive = await packArchive(folder, archiveFiles([savedImage(['a:1'])]))
  expect(await imageFormat(archive)).toBe('docker-archive')
  expect(await imageFormat(archive.replace(/\.tar$/, ''))).toBeUndefined()
})

test('what engines from 25 on save is a layout, and images with one tag are told apart by name', async () => {
  const other = makeImage({ layers: ['other'] })
  const annotations = (name: string) => ({
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': '1',
  })
  const files = makeLayout(
    [
      { manifest: image.manifest, annotations: annotations('docker.io/library/app:1') },
      { manifest: other.manifest, annotations: annotations('docker.io/library/other:1') },
    ],
    [...blobsOf(image), ...blobsOf(other)],
  )
  const manifest = [image, other].map(({ config, layers }, n) => ({
    Config: blobName(config.digest),
    RepoTags: [['app:1', 'other:1'][n]],
    Layers: layers.map(({ digest }) => blobName(digest)),
  }))
  const directory = join(folder, 'engine-25')
  await writeLayout(directory, files.set('manifest.json', Buffer.from(JSON.stringify(manifest))))
  const path = packed(directory)
  expect(await imageFormat(path)).toBe('layout')
  const layout = await openImageLayout(path)
  const { reference, layers, digest } = await layout.resolve(parseReference('other:1'))
  expect(digest).toBe(other.manifest.digest)
  expect((await collect(layout.blob(reference, layers[0] ?? image.config))).toString()).toBe('other')
  await expect(layout.resolve(undefined)).rejects.toThrow(
    'has several images; name one of "docker.io/library/app:1", "docker.io/library/other:1"',
  )
  await expect(layout.resolve(parseReference('third:1'))).rejects.toMatchObject({ code: 'not-found' })
  await layout.close()
})

test('everything else is no image', async () => {
  const root = join(folder, 'root')
  await mkdir(root)
  // A web application has one too.
  await writeFile(join(root, 'manifest.json'), '{"name":"app"}')
  await writeFile(join(folder, 'text'), 'x'.repeat(2000))
  await writeFile(join(folder, 'gzip'), Buffer.from('1f8b0800', 'hex'))
  for (const path of [
    root,
    packed(root),
    join(folder, 'text'),
    join(folder, 'gzip'),
    join(folder, 'none'),
    '/dev/null',
  ])
    expect(await imageFormat(path), path).toBeUndefined()
})
