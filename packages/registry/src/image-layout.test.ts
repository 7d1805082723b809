import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collect, failure } from '../test/collect.ts'
import { content, descriptorOf, makeImage } from '../test/image-fixture.ts'
import { blobName, blobsOf, type LayoutContents, makeLayout, writeLayout } from '../test/layout-fixture.ts'
import { type ImageLayout, openImageLayout } from './image-layout.ts'
import { parseReference } from './reference.ts'

const image = makeImage()
const single = makeLayout([{ manifest: image.manifest }], blobsOf(image))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-layout-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function writeTemporary(files: LayoutContents): Promise<string> {
  const path = await mkdtemp(join(folder, 'layout-'))
  await writeLayout(path, files)
  return path
}

function pack(directory: string, ...options: string[]): string {
  const path = `${directory}.tar`
  execFileSync('tar', ['-C', directory, ...options, '-cf', path, '.'])
  return path
}

async function withLayout<T>(
  files: LayoutContents,
  work: (layout: ImageLayout, path: string) => Promise<T>,
): Promise<T> {
  const path = await writeTemporary(files)
  const layout = await openImageLayout(path)
  try {
    return await work(layout, path)
  } finally {
    await layout.close()
  }
}

describe.each(['directory', 'tar'])('a layout in a %s', (kind) => {
  test('is read down to its layers', async () => {
    const directory = await writeTemporary(single)
    const layout = await openImageLayout(kind === 'tar' ? pack(directory) : directory)
    const resolved = await layout.resolve(undefined)
    expect(resolved).toMatchObject({
      digest: image.manifest.digest,
      configDescriptor: descriptorOf(image.config),
      layers: image.layers.map(descriptorOf),
      config: { os: 'linux', architecture: 'amd64' },
    })
    const texts: string[] = []
    for (const layer of resolved.layers) texts.push((await collect(layout.blob(resolved.reference, layer))).toString())
    expect(texts).toEqual(['first layer', 'second layer'])
    await layout.close()
  })

  test('has its blobs checked', async () => {
    const [layer] = image.layers
    const files = new Map(single).set(blobName(layer?.digest ?? ''), Buffer.from('FIRST LAYER'))
    const directory = await writeTemporary(files)
    const layout = await openImageLayout(kind === 'tar' ? pack(directory) : directory)
    const { reference, layers } = await layout.resolve(undefined)
    const read = async (n: number): Promise<Buffer> => collect(layout.blob(reference, layers[n] ?? image.manifest))
    expect((await failure(read(0))).code).toBe('digest-mismatch')
    expect((await read(1)).toString()).toBe('second layer')
    await layout.close()
  })

  test('streams a large blob whole', async () => {
    const large = content(Buffer.alloc(5_000_000, 'large'), 'application/vnd.oci.image.layer.v1.tar')
    const directory = await writeTemporary(makeLayout([{ manifest: image.manifest }], [...blobsOf(image), large]))
    const layout = await openImageLayout(kind === 'tar' ? pack(directory, '--format=pax') : directory)
    const [one, two] = await Promise.all(
      [1, 2].map(() => collect(layout.blob(parseReference('x'), descriptorOf(large)))),
    )
    expect([one, two].every((bytes) => bytes?.equals(large.bytes))).toBe(true)
    await layout.close()
  })

  test('reads a blob in the memory of the pieces that are given back, and no other', async () => {
    const large = content(randomBytes(3_000_000), 'application/vnd.oci.image.layer.v1.tar')
    const directory = await writeTemporary(makeLayout([{ manifest: image.manifest }], [...blobsOf(image), large]))
    const layout = await openImageLayout(kind === 'tar' ? pack(directory, '--format=pax') : directory)
    const blob = layout.blob(parseReference('x'), descriptorOf(large))
    const [memories, copies]: [Set<unknown>, Buffer[]] = [new Set(), []]
    for await (const piece of blob) {
      memories.add(piece.buffer)
      copies.push(Buffer.from(piece))
      blob.giveBack?.(piece)
    }
    expect(copies.length).toBeGreaterThan(10)
    expect(memories.size).toBe(1)
    expect(Buffer.concat(copies).equals(large.bytes)).toBe(true)
    await layout.close()
  })
})

describe('what is not a layout', () => {
  const openError = async (files: LayoutContents) => failure(openImageLayout(await writeTemporary(files)))
  const without = (name: string): LayoutContents => new Map([...single].filter(([key]) => key !== name))

  test.each<[string, LayoutContents, string, string]>([
    ['an empty directory', new Map(), 'bad-layout', 'has no oci-layout; name a directory or tar'],
    ['without index', without('index.json'), 'bad-layout', 'has no index.json'],
    [
      'another version',
      new Map(single).set('oci-layout', Buffer.from('{"imageLayoutVersion":"9"}')),
      'unsupported',
      'imageLayoutVersion is "9"',
    ],
    ['a manifest as index', new Map(single).set('index.json', image.manifest.bytes), 'bad-manifest', 'announced as'],
    [
      'an index that is no JSON',
      new Map(single).set('index.json', Buffer.from('x')),
      'bad-manifest',
      'index.json: it is not JSON',
    ],
    [
      'an index of many bytes',
      new Map(single).set('index.json', Buffer.alloc(5_000_000)),
      'bad-layout',
      'index.json: has more than 4194304 bytes',
    ],
    [
      'an archive of an old docker save',
      new Map([['manifest.json', Buffer.from('[]')]]),
      'bad-layout',
      'has no oci-layout',
    ],
  ])('%s', async (_, files, code, text) => {
    const error = await openError(files)
    expect(error.code).toBe(code)
    expect(error.message).toContain(text)
  })

  test.each([
    ['gzip', 'gunzip', '1f8b0800'],
    ['zstd', 'unzstd', '28b52ffd'],
    ['xz', 'unxz', 'fd377a585a00'],
    ['bzip2', 'bunzip2', '425a6839'],
  ])('a tar compressed with %s', async (format, program, magic) => {
    const path = join(folder, `compressed-with-${format}`)
    await writeFile(path, Buffer.from(magic, 'hex'))
    const error = await failure(openImageLayout(path))
    expect(error.code).toBe('unsupported')
    expect(error.message).toContain(`is compressed with ${format}, so blobs cannot be read out of order`)
    expect(error.message).toContain(`decompress it with ${program} first`)
  })

  test.each(['/does/not/exist', '/dev/null'])('%s', async (path) => {
    const error = await failure(openImageLayout(path))
    expect(error.code).toBe('bad-layout')
    expect(error.message).toContain(`"${path}": `)
  })
})

describe('blobs', () => {
  const [layer] = image.layers.map(descriptorOf)

  test('that are missing are named', async () => {
    await withLayout(makeLayout([{ manifest: image.manifest }], [image.manifest]), async (layout) => {
      const error = await failure(layout.resolve(undefined))
      expect(error.code).toBe('not-found')
      expect(error.message).toContain(`blob ${image.config.digest}: is not in the layout`)
    })
  })

  describe('of foreign layers, which need not be there:', () => {
    const urls = ['https://publisher.example/layer.tar']
    const foreign = makeImage({
      manifest: {
        layers: image.layers.map(({ digest, size }) => ({
          mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
          digest,
          size,
          urls,
        })),
      },
    })

    test('one that is not is named with its address', async () => {
      await withLayout(
        makeLayout([{ manifest: foreign.manifest }], [foreign.manifest, image.config]),
        async (layout) => {
          const { reference, layers } = await layout.resolve(undefined)
          const error = await failure(collect(layout.blob(reference, layers[0] ?? image.config)))
          expect(error.code).toBe('not-found')
          expect(error.message).toContain('the layout does not have this foreign layer; its publisher keeps it at')
          expect(error.message).toContain(`"${urls[0]}"`)
        },
      )
    })

    test('one that is there is read like any other', async () => {
      await withLayout(makeLayout([{ manifest: foreign.manifest }], blobsOf(foreign)), async (layout) => {
        const { reference, layers } = await layout.resolve(undefined)
        expect((await collect(layout.blob(reference, layers[1] ?? image.config))).toString()).toBe('second layer')
      })
    })
  })

  test('that are symbolic links are followed, named pipes are not waited for', async () => {
    const path = await writeTemporary(single)
    const blob = join(path, blobName(layer?.digest ?? ''))
    await rm(blob)
    await writeFile(join(path, 'elsewhere'), 'first layer')
    await symlink(join(path, 'elsewhere'), blob)
    const layout = await openImageLayout(path)
    const { reference, layers } = await layout.resolve(undefined)
    expect((await collect(layout.blob(reference, layers[0] ?? image.config))).toString()).toBe('first layer')
    await rm(blob)
    execFileSync('mkfifo', [blob])
    expect((await failure(collect(layout.blob(reference, layers[0] ?? image.config)))).code).toBe('not-found')
    await layout.close()
  })

  test('with a digest that is a path are not looked for', async () => {
    await withLayout(single, async (layout) => {
      const forged = { mediaType: 'x', digest: 'sha256:../../oci-layout', size: 1 }
      expect((await failure(collect(layout.blob(parseReference('x'), forged)))).code).toBe('unsupported')
    })
  })

  test('stop when they are aborted', async () => {
    await withLayout(single, async (layout) => {
      const signal = AbortSignal.abort(new Error('enough'))
      await expect(layout.resolve(undefined, undefined, { signal })).rejects.toThrow('enough')
    })
  })
})
