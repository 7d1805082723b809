import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type ChunkStore, openChunkStore } from '@tf-images/flist'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Compression, imageOf, writeLayoutDirectory, writeLayoutTar } from '../../../test/harness/image-layout.ts'
import { type FakeRegistry, type Interceptor, startRegistry } from '../../registry/test/fake-registry.ts'
import type { ImageFixture } from '../../registry/test/image-fixture.ts'
import { directory, type Fixtures, file, hardlink, symlink, whiteout } from '../../rootfs/test/layer-builder.ts'
import { type Conversion, type ConvertOptions, convertSource } from './convert.ts'
import { type LayerCache, openLayerCache } from './layer-cache.ts'
import type { ConvertLimits } from './limits.ts'
import { openSource } from './source.ts'

/** Content of several chunks that does not repeat. */
const text = (seed: string, length: number) =>
  Array.from({ length: Math.ceil(length / 40) }, (_, line) => `${seed} ${line}`.padEnd(39, '.')).join('\n')

const base: Fixtures = {
  'bin/': directory(),
  'bin/busybox': file(text('busybox', 1_300_000), { mode: 0o4755, uid: 1 }),
  'bin/sh': symlink('busybox'),
  'bin/ls': hardlink('bin/busybox'),
  'etc/motd': file('hello'),
  'etc/old': file('to be removed'),
}
const library: Fixtures = { 'lib/libc.so': file(text('libc', 700_000)), 'etc/.wh.old': whiteout() }
const application = (version: number): Fixtures => ({ 'srv/app': file(`version ${version}`), 'etc/motd': file('bye') })

let folder: string
let chunks: ChunkStore
let layersFolder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-layers-'))
  chunks = await openChunkStore(join(folder, 'chunks'))
  layersFolder = join(folder, 'layers')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A conversion, and the flist's bytes. */
type Converted = Conversion & { readonly content: Buffer }

async function convert(name: string, store: ChunkStore, options: ConvertOptions = {}): Promise<Converted> {
  const source = await openSource(name)
  try {
    const conversion = await convertSource(source, join(folder, 'out.flist'), store, options)
    return { ...conversion, content: await readFile(conversion.flist) }
  } finally {
    await source.close()
  }
}

/** With the cache and the chunk store of the test. */
const convertCached = (name: string) => convert(name, chunks, { layerCache: openLayerCache(layersFolder) })

/** From nothing: no cache, and a chunk store of its own. */
async function convertAnew(name: string): Promise<Converted> {
  return convert(name, await openChunkStore(await mkdtemp(join(folder, 'fresh-'))))
}

async function registryWith(images: Readonly<Record<string, ImageFixture>>, intercept?: Interceptor) {
  const registry = await startRegistry(intercept)
  onTestFinished(() => registry.close())
  for (const [tag, image] of Object.entries(images)) registry.putImage('app', image, tag)
  return registry
}

/** Which layers of an image the registry was asked for meanwhile, by their place. */
async function layersAsked(registry: FakeRegistry, image: ImageFixture, run: () => Promise<unknown>) {
  const before = registry.requests.length
  await run()
  const paths = registry.requests.slice(before).map(({ path }) => path)
  return image.layers.flatMap(({ digest }, place) => paths.filter((path) => path.endsWith(digest)).map(() => place))
}

/** The layers in the cache, and the trees. */
const filesIn = async (directory: string) =>
  (await readdir(directory, { withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(directory, name))
    .sort()
const cacheFiles = () => filesIn(layersFolder)
const treeFiles = () => filesIn(join(layersFolder, 'trees'))

describe('a layer that was converted before', () => {
  test('is not asked for again; a changed top layer is all that is downloaded', async () => {
    const [first, second] = await Promise.all([1, 2].map((version) => imageOf([base, library, application(version)])))
    if (!first || !second) throw new Error('two images')
    const registry = await registryWith({ '1': first, '2': second })
    const reference = (tag: string) => `${registry.host}/app:${tag}`
    let converted: Converted | undefined

    expect(
      await layersAsked(registry, first, async () => {
        converted = await convertCached(reference('1'))
      }),
    ).toEqual([0, 1, 2])
    expect(converted?.layers).toEqual({ total: 3, cached: 0 })

    expect(
      await layersAsked(registry, first, async () => {
        converted = await convertCached(reference('1'))
      }),
    ).toEqual([])
    expect(converted).toMatchObject({ layers: { total: 3, cached: 3 }, newChunks: 0 })
    expect(converted?.content).toEqual((await convertAnew(reference('1'))).content)

    expect(
      await layersAsked(registry, second, async () => {
        converted = await convertCached(reference('2'))
      }),
    ).toEqual([2])
    expect(converted).toMatchObject({ layers: { total: 3, cached: 2 }, newChunks: 1 })
    expect(converted?.content).toEqual((await convertAnew(reference('2'))).content)
  })

  test('is known for a .fl when it was converted to one', async () => {
    const registry = await registryWith({ '1': await imageOf([base, library]) })
    const fl = { routes: [{ start: 0, end: 255, url: 'zdb://hub.example:9900/images' }] }
    const convertFl = (layerCache?: LayerCache) =>
      convert(`${registry.host}/app:1`, chunks, { fl, ...(layerCache ? { layerCache } : {}) })
    await convertCached(`${registry.host}/app:1`)
    const first = await convertFl(openLayerCache(layersFolder))
    expect(first.layers).toEqual({ total: 2, cached: 0 })
    const second = await convertFl(openLayerCache(layersFolder))
    expect(second).toMatchObject({ layers: { total: 2, cached: 2 }, newChunks: 0 })
    expect(second.content).toEqual(first.content)
    expect(second.content).toEqual((await convertFl()).content)
  })

  test('is known however it is compressed', async () => {
    const images = {
      gzip: await imageOf([base, library], { compression: 'gzip' }),
      zstd: await imageOf([base, library], { compression: 'zstd' }),
      none: await imageOf([base, library], { compression: 'none' }),
    }
    const registry = await registryWith(images)
    const counts = []
    const hashes = new Set<string>()
    for (const compression of ['gzip', 'zstd', 'none'] satisfies Compression[]) {
      const { layers, treeHash } = await convertCached(`${registry.host}/app:${compression}`)
      counts.push(layers?.cached)
      hashes.add(treeHash)
      expect((await convertAnew(`${registry.host}/app:${compression}`)).treeHash).toBe(treeHash)
    }
    expect(counts).toEqual([0, 2, 2])
    expect(hashes.size).toBe(1)
  })

  test('is read once when it is twice in an image', async () => {
    const image = await imageOf([library, base, library])
    const registry = await registryWith({ '1': image })
    const read = await layersAsked(registry, image, async () => {
      expect((await convertAnew(`${registry.host}/app:1`)).layers).toEqual({ total: 3, cached: 1 })
    })
    // one blob, which is layer 0 and layer 2
    expect(read).toEqual([0, 1, 2])
    expect(registry.requests.filter(({ path }) => path.endsWith(image.layers[0]?.digest ?? ''))).toHaveLength(1)
  })
})

describe('a layer that was converted before counts as one that is read', () => {
  const first: Fixtures = { a: file('x'.repeat(600)), b: file('y'.repeat(300)) }
  const second: Fixtures = { c: file('z'.repeat(300)) }
  const converted: readonly [string, readonly Fixtures[]][] = [
    ['none of the layers', []],
    ['the lowest layer', [first]],
    ['the top layer', [second]],
    ['all layers', [first, second]],
  ]

  test.each(converted)('where %s was', async (_, before) => {
    const [layout, other] = [join(folder, 'layout'), join(folder, 'other')]
    await writeLayoutDirectory(layout, await imageOf([first, second]))
    if (before.length > 0) {
      await writeLayoutDirectory(other, await imageOf(before))
      await convertCached(other)
    }
    const limited = (limits: ConvertLimits) =>
      convert(layout, chunks, { layerCache: openLayerCache(layersFolder), limits })
    for (const [limits, problem] of [
      [{ maxSize: 1199 }, 'its files have 1200 bytes and more, the limit is 1199'],
      [{ maxEntries: 2 }, 'its layers have 3 entries and more, the limit is 2'],
    ] as const) {
      await expect(limited(limits)).rejects.toMatchObject({
        code: 'limit',
        message: `${layout}: ${problem}; raise it if this is meant (--max-size, --max-ratio, --max-entries)`,
      })
    }
    expect((await limited({ maxSize: 1200, maxEntries: 3 })).files).toBe(3)
    // and now from the cache alone
    await expect(limited({ maxSize: 1199 })).rejects.toMatchObject({ code: 'limit' })
    await expect(limited({ maxEntries: 2 })).rejects.toMatchObject({ code: 'limit' })
  })
})

describe('the tree of the lowest layers', () => {
  const layout = () => join(folder, 'layout')
  const build = async (...layers: Fixtures[]) => {
    await writeLayoutDirectory(layout(), await imageOf(layers))
    const [cached, anew] = [await convertCached(layout()), await convertAnew(layout())]
    expect(cached.content).toEqual(anew.content)
    expect(cached.fidelity).toEqual(anew.fidelity)
    return cached.layers
  }

  test('is kept of all layers when all are new, so that others may be built on them', async () => {
    await build(base, library)
    expect(await treeFiles()).toHaveLength(1)
    for (const path of await cacheFiles()) await rm(path)
    expect(await build(base, library)).toEqual({ total: 2, cached: 2 })
    expect(await build(base, library, application(1))).toEqual({ total: 3, cached: 2 })
    expect(await treeFiles()).toHaveLength(1)
  })

  test('is kept of those below the first new layer, as they will be there again', async () => {
    await build(base, library, application(1))
    for (const path of await treeFiles()) await rm(path)
    await build(base, library, application(2))
    for (const path of await cacheFiles()) await rm(path)
    expect(await build(base, library, application(3))).toEqual({ total: 3, cached: 2 })
  })

  test('is that of as many layers as it can be', async () => {
    await build(base)
    await convertCached(layout())
    for (const path of await treeFiles()) await rm(path)
    await build(base, library)
    await build(base, library, application(1))
    expect(await build(base, library, application(1), { 'srv/more': file('more') })).toEqual({ total: 4, cached: 3 })
  })

  test('is not used when it is damaged, or chunks of it are gone', async () => {
    await build(base, library)
    const [path = ''] = await treeFiles()
    await appendFile(path, 'x')
    expect(await build(base, library)).toEqual({ total: 2, cached: 2 })
    for (const name of await readdir(join(folder, 'chunks'))) {
      if (/^[0-9a-f]{2}$/.test(name)) await rm(join(folder, 'chunks', name), { recursive: true })
    }
    expect(await build(base, library)).toEqual({ total: 2, cached: 0 })
  })

  test('was used in vain when a chunk of it is gone: that and what is new is counted and stored', async () => {
    await build(base, library)
    const stored = (await readdir(join(folder, 'chunks'), { recursive: true })).filter((name) => name.length > 30)
    await rm(join(folder, 'chunks', stored[0] ?? ''))
    await writeLayoutDirectory(layout(), await imageOf([base, library, application(1)]))
    const { content } = await convert(layout(), await openChunkStore(join(folder, 'anew')))
    // The lost one, and two of the new layer.
    expect(await convertCached(layout())).toMatchObject({ layers: { total: 3, cached: 1 }, newChunks: 3, content })
    expect(await convertCached(layout())).toMatchObject({ layers: { total: 3, cached: 3 }, newChunks: 0, content })
  })

  test('counts a layer that is there again above it once', async () => {
    const again = { 'srv/again': file('again') }
    await build(again, library)
    await writeLayoutDirectory(layout(), await imageOf([again, library, again]))
    const limits = { maxEntries: 3 }
    const limited = (store: ChunkStore, cache: { layerCache?: LayerCache }) =>
      convert(layout(), store, { ...cache, limits })
    const { content } = await limited(await openChunkStore(join(folder, 'anew')), {})
    expect((await limited(chunks, { layerCache: openLayerCache(layersFolder) })).content).toEqual(content)
  })

  test('is not kept when no flist can hold it', async () => {
    await writeLayoutDirectory(
      layout(),
      await imageOf([{ 'some/where/': directory(), [`some/where/${'n'.repeat(256)}`]: file() }]),
    )
    const refused = { code: 'invalid', message: expect.stringContaining('has a name of 256 bytes') }
    await expect(convertAnew(layout())).rejects.toMatchObject(refused)
    for (let times = 0; times < 2; times++) await expect(convertCached(layout())).rejects.toMatchObject(refused)
    await expect(treeFiles()).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('is not that of a .fl, whose chunks are others', async () => {
    await build(base)
    const fl = { routes: [{ start: 0, end: 255, url: 'dir:///chunks' }] }
    const { layers } = await convert(layout(), chunks, { layerCache: openLayerCache(layersFolder), fl })
    expect(layers).toEqual({ total: 1, cached: 0 })
    expect(await treeFiles()).toHaveLength(1)
  })
})

describe('an index that cannot be used', () => {
  const damages: Readonly<Record<string, (path: string, others: readonly string[]) => Promise<unknown>>> = {
    'has a flipped bit': async (path) => {
      const bytes = await readFile(path)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4
      await writeFile(path, bytes)
    },
    'was cut off': async (path) => writeFile(path, (await readFile(path)).subarray(0, -7)),
    'is empty': (path) => writeFile(path, ''),
    'is something else': (path) => writeFile(path, '{"layers": []}'),
    'has something appended': (path) => appendFile(path, 'x'),
    'is that of another layer': async (path, [other = '']) => writeFile(path, await readFile(other)),
  }

  test.each(Object.entries(damages))('because it %s is made again', async (_, damage) => {
    const layout = join(folder, 'layout')
    await writeLayoutDirectory(layout, await imageOf([base, library, application(1)]))
    const { content } = await convertCached(layout)
    const files = await cacheFiles()
    const before = await Promise.all(files.map((path) => readFile(path)))
    for (const path of files) {
      await damage(
        path,
        files.filter((other) => other !== path),
      )
      for (const tree of await treeFiles()) await rm(tree)
      expect(await convertCached(layout)).toMatchObject({ layers: { total: 3, cached: 2 }, newChunks: 0, content })
    }
    expect(await cacheFiles()).toEqual(files)
    expect(await Promise.all(files.map((path) => readFile(path)))).toEqual(before)
  })

  test('because a chunk is gone is made again, and the chunk with it', async () => {
    const layout = join(folder, 'layout')
    await writeLayoutDirectory(layout, await imageOf([base, library]))
    const { content } = await convertCached(layout)
    const stored = (await readdir(join(folder, 'chunks'), { recursive: true })).filter((name) => name.length > 30)
    const [victim = ''] = stored
    await rm(join(folder, 'chunks', victim))
    expect(await convertCached(layout)).toMatchObject({ layers: { total: 2, cached: 1 }, newChunks: 1, content })
    expect(await convertCached(layout)).toMatchObject({ layers: { total: 2, cached: 2 }, newChunks: 0, content })
  })

  test('because the chunk store is another one is made again', async () => {
    const layout = join(folder, 'layout')
    await writeLayoutDirectory(layout, await imageOf([base, library]))
    const { content } = await convertCached(layout)
    chunks = await openChunkStore(join(folder, 'other chunks'))
    expect(await convertCached(layout)).toMatchObject({ layers: { total: 2, cached: 0 }, content })
  })
})

describe('no index is written', () => {
  test('for a layer whose blob is not what its digest says, and those after it', async () => {
    const image = await imageOf([base, library, application(1)])
    const registry = await registryWith({ '1': image })
    const damaged = Buffer.from(image.layers[1]?.bytes ?? '')
    damaged[damaged.length - 5] = (damaged.at(-5) ?? 0) ^ 1
    registry.blobs.set(image.layers[1]?.digest ?? '', damaged)
    await expect(convertCached(`${registry.host}/app:1`)).rejects.toThrow()
    expect(await cacheFiles()).toHaveLength(1)
  })

  test('for a layer that is not what the config says', async () => {
    const layout = join(folder, 'layout')
    await writeLayoutDirectory(layout, await imageOf([base], { diffIds: [`sha256:${'0'.repeat(64)}`] }))
    await expect(convertCached(layout)).rejects.toMatchObject({ code: 'digest-mismatch' })
    await expect(cacheFiles()).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('before the chunks are stored', async () => {
    const layout = join(folder, 'layout')
    await writeLayoutDirectory(layout, await imageOf([base]))
    const put = async () => {
      throw new Error('the disk is full')
    }
    chunks = { ...chunks, openMissingPut: () => put }
    await expect(convertCached(layout)).rejects.toThrow('the disk is full')
    await expect(cacheFiles()).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('where there is no directory to write to, which is said', async () => {
    const layout = join(folder, 'layout')
    await writeLayoutDirectory(layout, await imageOf([base]))
    await writeFile(layersFolder, 'a file')
    await expect(convertCached(layout)).rejects.toThrow(
      /layers\/trees\/[0-9a-f]{64}: cannot be read \(ENOTDIR\); check the directory and its permissions, or convert without a layer cache$/,
    )
  })
})

describe('the same image', () => {
  test.each<Compression>(['gzip', 'zstd', 'none'])(
    'from a registry, a layout directory and a layout tar is the same flist (%s)',
    async (compression) => {
      const image = await imageOf([base, library, application(1)], { compression })
      const registry = await registryWith({ '1': image })
      const [layout, tar] = [join(folder, 'layout'), join(folder, 'layout.tar')]
      await Promise.all([writeLayoutDirectory(layout, image), writeLayoutTar(tar, image)])
      const reference = await convertAnew(`${registry.host}/app:1`)
      for (const name of [`${registry.host}/app@${image.manifest.digest}`, layout, tar]) {
        expect((await convertAnew(name)).content).toEqual(reference.content)
        expect((await convertCached(name)).content).toEqual(reference.content)
      }
    },
  )

  test.each([0, 1, 2])('is the same flist when layer %d arrives last', async (late) => {
    const image = await imageOf([base, library, application(1)])
    const slow = `/blobs/${image.layers[late]?.digest}`
    const registry = await registryWith({ '1': image }, (request, response) => {
      if (!request.url?.endsWith(slow)) return false
      const { bytes = Buffer.alloc(0) } = image.layers[late] ?? {}
      void setTimeout(100).then(() => response.writeHead(200, { 'content-length': bytes.length }).end(bytes))
      return true
    })
    const layout = join(folder, 'layout')
    await writeLayoutDirectory(layout, image)
    expect((await convertAnew(`${registry.host}/app:1`)).content).toEqual((await convertAnew(layout)).content)
  })

  test('is downloaded while the layer before is converted', async () => {
    const image = await imageOf([base, library])
    const [first, second] = image.layers.map(({ digest }) => digest)
    const order: string[] = []
    const registry = await registryWith({ '1': image }, (request, response) => {
      if (request.url?.endsWith(second ?? '')) order.push('second asked for')
      if (!request.url?.endsWith(first ?? '')) return false
      const { bytes = Buffer.alloc(0) } = image.layers[0] ?? {}
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 100))
      void setTimeout(200).then(() => {
        order.push('first sent')
        response.end(bytes.subarray(100))
      })
      return true
    })
    await convertAnew(`${registry.host}/app:1`)
    expect(order).toEqual(['second asked for', 'first sent'])
  })
})
