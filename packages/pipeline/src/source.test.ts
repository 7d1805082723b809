import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openChunkStore, openFlist } from '@tf-images/flist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { convertSource } from './convert.ts'
import type { ConvertLimits } from './limits.ts'
import { openSource } from './source.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'source-'))
})
afterAll(() => rm(folder, { recursive: true }))

type Files = Readonly<Record<string, string | Buffer>>

/** A tar of these files, as GNU tar writes it. */
async function tarOf(files: Files, ...options: string[]): Promise<string> {
  const directory = await mkdtemp(join(folder, 'files-'))
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), bytes)
  }
  execFileSync('tar', ['-C', directory, '--sort=name', ...options, '-cf', `${directory}.tar`, ...Object.keys(files)])
  return `${directory}.tar`
}

const layerOf = (files: Files) => tarOf(files).then((path) => execFileSync('cat', [path]))

/** A `docker save` archive of images of one layer. */
async function saved(images: Readonly<Record<string, Buffer>>, ...options: string[]): Promise<string> {
  const files: Record<string, string | Buffer> = {}
  const manifest = Object.entries(images).map(([name, layer], n) => {
    files[`${n}/layer.tar`] = layer
    files[`${n}.json`] = JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Cmd: [name] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
    })
    return { Config: `${n}.json`, RepoTags: [name], Layers: [`${n}/layer.tar`] }
  })
  return tarOf({ ...files, 'manifest.json': JSON.stringify(manifest) }, ...options)
}

/** The names of the root directory after a conversion. */
async function convert(path: string, image?: string, limits: ConvertLimits = {}): Promise<string[]> {
  const output = join(await mkdtemp(join(folder, 'out-')), 'out.flist')
  const store = await openChunkStore(join(dirname(output), 'chunks'))
  const source = await openSource(path, image === undefined ? {} : { image })
  try {
    await convertSource(source, output, store, { limits })
  } finally {
    await source.close()
    await store.close()
  }
  using flist = await openFlist(output)
  return [...flist.readTree().children.keys()]
}

describe('a docker save archive', () => {
  test('is converted as the image in it, not as the tar it is', async () => {
    expect(await convert(await saved({ 'app:1': await layerOf({ a: 'x', b: 'y' }) }))).toEqual(['a', 'b'])
  })

  test('of several images needs a choice', async () => {
    const path = await saved({ 'app:1': await layerOf({ a: 'x' }), 'app:2': await layerOf({ b: 'y' }) })
    expect(await convert(path, 'app:2')).toEqual(['b'])
    await expect(convert(path)).rejects.toThrow('has several images; name one of "app:1", "app:2"')
    await expect(convert(path, 'app:3')).rejects.toMatchObject({ code: 'not-found' })
  })

  test('whose layer is another than its config says is refused', async () => {
    const layer = await layerOf({ a: 'x' })
    const path = await saved({ 'app:1': layer })
    const bytes = execFileSync('cat', [path], { maxBuffer: 1 << 24 })
    bytes.write('z', bytes.indexOf('x', bytes.indexOf(layer)))
    await writeFile(path, bytes)
    await expect(convert(path)).rejects.toMatchObject({ code: 'digest-mismatch' })
  })

  test('that is compressed is refused, not converted to a flist of layers', async () => {
    const path = await saved({ 'app:1': await layerOf({ a: 'x' }) }, '--gzip')
    await expect(convert(path)).rejects.toThrow('is a compressed archive of images')
  })
})

describe('what is no archive of images', () => {
  test('is a root tar, also with a manifest.json of its own', async () => {
    expect(await convert(await tarOf({ 'manifest.json': '{"name":"app"}', 'srv/x': 'x' }))).toEqual([
      'manifest.json',
      'srv',
    ])
  })

  test.each(['root tar', 'directory', 'reference'])('has no image to choose: a %s', async (kind) => {
    const tar = await tarOf({ a: 'x' })
    const path = { 'root tar': tar, directory: tar.replace(/\.tar$/, ''), reference: 'debian:12' }[kind] ?? ''
    await expect(openSource(path, { image: 'app:1' })).rejects.toThrow(
      `"${path}": is no archive of images to choose "app:1" from; name a docker save archive or an OCI layout`,
    )
  })
})

describe('limits', () => {
  const files = { a: 'x'.repeat(600), b: 'y'.repeat(600) }
  const sources: [string, () => Promise<string>][] = [
    ['an image', async () => saved({ 'app:1': await layerOf(files) })],
    ['a root tar', () => tarOf(files)],
    ['a compressed root tar', () => tarOf(files, '--gzip')],
    ['a directory', async () => (await tarOf(files)).replace(/\.tar$/, '')],
  ]

  test.each(sources)('hold for the files of %s together', async (_, make) => {
    const path = await make()
    expect(await convert(path, undefined, { maxSize: 1200 })).toEqual(['a', 'b'])
    await expect(convert(path, undefined, { maxSize: 1199 })).rejects.toMatchObject({
      code: 'limit',
      message: expect.stringContaining('(--max-size, --max-ratio, --max-entries)'),
    })
  })

  test('hold for all layers of an image together', async () => {
    const [first, second] = [await layerOf({ a: 'x'.repeat(600) }), await layerOf({ b: 'y'.repeat(600) })]
    const diffIds = [first, second].map((layer) => `sha256:${createHash('sha256').update(layer).digest('hex')}`)
    const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } }
    const manifest = [{ Config: 'c.json', RepoTags: null, Layers: ['0.tar', '1.tar'] }]
    const path = await tarOf({
      '0.tar': first,
      '1.tar': second,
      'c.json': JSON.stringify(config),
      'manifest.json': JSON.stringify(manifest),
    })
    expect(await convert(path, undefined, { maxSize: 1200 })).toEqual(['a', 'b'])
    await expect(convert(path, undefined, { maxSize: 1199 })).rejects.toThrow(
      `${path}: its files have 1200 bytes and more, the limit is 1199; raise it if this is meant`,
    )
  })

  test('of the number of entries', async () => {
    await expect(convert(await tarOf(files), undefined, { maxEntries: 1 })).rejects.toThrow('too many entries')
  })

  test('of a sparse file, by its ratio to the archive', async () => {
    const directory = await mkdtemp(join(folder, 'sparse-'))
    execFileSync('truncate', ['-s', '9G', join(directory, 'hole')])
    execFileSync('tar', ['-C', directory, '--sparse', '-cf', `${directory}.tar`, 'hole'])
    await expect(convert(`${directory}.tar`)).rejects.toThrow(
      `its files have ${9 * 1024 ** 3} bytes and more, the limit is ${8 * 1024 ** 3}`,
    )
  })
})
