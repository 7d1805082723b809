import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collect, failure } from '../test/collect.ts'
import { type ArchiveFiles, archiveFiles, hexOf, packArchive, savedImage } from '../test/docker-archive-fixture.ts'
import { digestOf } from './digest.ts'
import { openDockerArchive } from './docker-archive.ts'
import type { ImageLayout } from './image-layout.ts'
import { parseReference } from './reference.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-archive-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function withArchive<T>(
  files: ArchiveFiles,
  work: (archive: ImageLayout, path: string) => Promise<T>,
): Promise<T> {
  const path = await packArchive(folder, files)
  const archive = await openDockerArchive(path)
  try {
    return await work(archive, path)
  } finally {
    await archive.close()
  }
}

async function layerTexts(archive: ImageLayout, name?: string): Promise<string[]> {
  const { reference, layers } = await archive.resolve(name === undefined ? undefined : parseReference(name))
  const texts: string[] = []
  for (const layer of layers) texts.push((await collect(archive.blob(reference, layer))).toString())
  return texts
}

const one = savedImage(['app:1', 'app:also'])
const two = savedImage(['ghcr.io/o/other:1'], ['first', 'third'])

describe('an archive of one image', () => {
  test('is read down to its layers, which have their diff ids as digests', async () => {
    await withArchive(archiveFiles([one]), async (archive) => {
      const image = await archive.resolve(undefined)
      expect(image.configDescriptor.digest).toBe(one.config.digest)
      expect(image.config.config.Cmd).toEqual(['sh'])
      expect(image.diffIds).toEqual(one.layers.map(({ digest }) => digest))
      expect(image.layers).toEqual(one.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })))
      expect(await layerTexts(archive)).toEqual(['first', 'second'])
    })
  })

  test('has a manifest digest that is the same wherever it is saved, and finds it again', async () => {
    const alone = await withArchive(archiveFiles([one]), (archive) => archive.resolve(undefined))
    await withArchive(archiveFiles([two, one]), async (archive) => {
      const again = await archive.resolve(parseReference(`x@${alone.digest}`))
      expect(again.configDescriptor.digest).toBe(one.config.digest)
      expect(again.digest).toBe(alone.digest)
      expect(await archive.head(parseReference('app:1'))).toMatchObject({ digest: alone.digest })
    })
  })

  test('without layers, or with one layer twice', async () => {
    const empty = archiveFiles([savedImage(['e:1'], [])])
    expect(await withArchive(empty, (archive) => layerTexts(archive))).toEqual([])
    const twice = archiveFiles([savedImage(['e:1'], ['a', 'b', 'a'])])
    expect(await withArchive(twice, (archive) => layerTexts(archive))).toEqual(['a', 'b', 'a'])
  })

  test('must be for the platform asked for', async () => {
    await withArchive(archiveFiles([one]), async (archive) => {
      await expect(archive.resolve(undefined, 'linux/arm64')).rejects.toMatchObject({ code: 'platform-not-found' })
    })
  })
})

test('the layers of tools that compress them have the digests of what is stored', async () => {
  const [gzip, zstd] = [gzipSync('first'), zstdCompressSync('second')]
  const files = {
    [`sha256:${hexOf(one.config)}`]: one.config.bytes,
    'a.tar.gz': gzip,
    'b.tar.zst': zstd,
    'manifest.json': JSON.stringify([
      { Config: `sha256:${hexOf(one.config)}`, RepoTags: ['app:1'], Layers: ['a.tar.gz', './b.tar.zst'] },
    ]),
  }
  await withArchive(files, async (archive) => {
    const { reference, layers, diffIds } = await archive.resolve(undefined)
    expect(layers.map(({ digest }) => digest)).toEqual([digestOf(gzip), digestOf(zstd)])
    expect(layers.map(({ mediaType }) => mediaType)).toEqual([
      'application/vnd.oci.image.layer.v1.tar+gzip',
      'application/vnd.oci.image.layer.v1.tar+zstd',
    ])
    expect(diffIds).toEqual(one.layers.map(({ digest }) => digest))
    expect(await collect(archive.blob(reference, layers[0] ?? one.config))).toEqual(gzip)
  })
})

describe('of several images', () => {
  const both = archiveFiles([one, two])

  test.each([
    ['app:1', ['first', 'second']],
    ['docker.io/library/app:also', ['first', 'second']],
    ['ghcr.io/o/other:1', ['first', 'third']],
    [`x@${one.config.digest}`, ['first', 'second']],
  ])('%s is chosen', async (name, texts) => {
    expect(await withArchive(both, (archive) => layerTexts(archive, name))).toEqual(texts)
  })

  test('a name without tag means latest', async () => {
    const latest = archiveFiles([one, savedImage(['app:latest'], ['newest'])])
    expect(await withArchive(latest, (archive) => layerTexts(archive, 'app'))).toEqual(['newest'])
  })

  test('one has to be named, and the error lists them', async () => {
    const unnamed = savedImage(null, ['fourth'])
    await withArchive(archiveFiles([one, two, unnamed]), async (archive, path) => {
      const error = await failure(archive.resolve(undefined))
      expect(error.message).toBe(
        `"${path}": has several images; name one of "app:1", "ghcr.io/o/other:1", "image@${unnamed.config.digest}"`,
      )
      expect(error.code).toBe('bad-reference')
    })
  })

  test('one that is not there is not found, and the error lists them', async () => {
    await withArchive(both, async (archive, path) => {
      expect(await archive.head(parseReference('app:2'))).toBeUndefined()
      const error = await failure(archive.resolve(parseReference('app:2')))
      expect(error.message).toBe(
        `"${path}": no image "docker.io/library/app:2" in manifest.json; there are "app:1", "ghcr.io/o/other:1"`,
      )
      expect(error.code).toBe('not-found')
      expect((await failure(archive.resolve(parseReference(`x@${one.layers[0]?.digest}`)))).code).toBe('not-found')
    })
  })

  test('the same image under two entries is one', async () => {
    const files = archiveFiles([one, { ...one, tags: ['app:3'] }])
    expect(await withArchive(files, (archive) => layerTexts(archive))).toEqual(['first', 'second'])
  })
})

describe('what is refused', () => {
  const name = `${hexOf(one.config)}.json`
  const good = archiveFiles([one])
  const manifest = (value: unknown) => ({ ...good, 'manifest.json': JSON.stringify(value) })

  test.each<[string, ArchiveFiles, string, string]>([
    ['a changed layer', { ...good, '00/layer.tar': 'FIRST' }, 'digest-mismatch', 'digest is sha256:'],
    ['a layer that was cut off', { ...good, '00/layer.tar': 'fir' }, 'digest-mismatch', 'digest is sha256:'],
    ['a changed config', { ...good, [name]: '{}' }, 'digest-mismatch', 'its name says otherwise'],
    ['a layer that leads out', { ...good, '00/layer.tar': { link: '/etc/passwd' } }, 'bad-layout', 'has no "00/layer.'],
    ['a manifest of something else', manifest({ schemaVersion: 2 }), 'bad-manifest', 'it is not a JSON list'],
    ['an empty one', manifest([]), 'not-found', 'no image in manifest.json; it is empty'],
    [
      'a manifest with everything wrong',
      manifest([{ Config: 5, Layers: 'x', RepoTags: [1] }, 7]),
      'bad-manifest',
      '[0].Config is not a text; [0].RepoTags is not a list of texts; [0].Layers is not a list of texts; [1] is not an object',
    ],
    [
      'a config that is none',
      manifest([{ Config: '00/VERSION', Layers: [] }]),
      'bad-manifest',
      'it is not a JSON object',
    ],
    [
      'a name that leads out',
      manifest([{ Config: '../../etc/passwd', Layers: [] }]),
      'bad-layout',
      'has no "../../etc',
    ],
    [
      'fewer layers than diff ids',
      manifest([{ Config: name, RepoTags: null, Layers: ['00/layer.tar'] }]),
      'bad-manifest',
      'rootfs.diff_ids has 2 entries and the manifest 1 layers',
    ],
  ])('%s', async (_, files, code, text) => {
    const path = await packArchive(folder, files)
    const read = async () => {
      const archive = await openDockerArchive(path)
      try {
        await layerTexts(archive)
      } finally {
        await archive.close()
      }
    }
    const error = await failure(read())
    expect(error.message).toContain(text)
    expect(error.code).toBe(code)
  })
})
