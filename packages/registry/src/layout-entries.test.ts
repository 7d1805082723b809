import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { descriptorOf, makeImage, makeIndex } from '../test/image-fixture.ts'
import { blobsOf, type LayoutContents, makeLayout, writeLayout } from '../test/layout-fixture.ts'
import { type ImageLayout, openImageLayout } from './image-layout.ts'
import { parseReference } from './reference.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const ARM64 = { os: 'linux', architecture: 'arm64' }
const REF_NAME = 'org.opencontainers.image.ref.name'
const image = makeImage()
const arm = makeImage({ architecture: 'arm64', layers: ['arm'] })
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

describe('which image', () => {
  const resolveDigest = (files: LayoutContents, name?: string, platform?: string): Promise<string> =>
    withLayout(
      files,
      async (layout) => (await layout.resolve(name === undefined ? undefined : parseReference(name), platform)).digest,
    )

  const both = [...blobsOf(image), ...blobsOf(arm)]
  const index = makeIndex([
    [image, AMD64],
    [arm, ARM64],
  ])

  test('by platform, from entries of index.json', async () => {
    const files = makeLayout(
      [
        { manifest: arm.manifest, platform: ARM64 },
        { manifest: image.manifest, platform: AMD64 },
      ],
      both,
    )
    expect(await resolveDigest(files)).toBe(image.manifest.digest)
    expect(await resolveDigest(files, undefined, 'linux/arm64')).toBe(arm.manifest.digest)
    await expect(resolveDigest(files, undefined, 'linux/s390x')).rejects.toMatchObject({ code: 'platform-not-found' })
  })

  test('by platform, from an index among the blobs', async () => {
    const files = makeLayout([{ manifest: index }], [...both, index])
    expect(await resolveDigest(files, undefined, 'linux/arm64')).toBe(arm.manifest.digest)
    const resolved = await withLayout(files, (layout) => layout.resolve(undefined))
    expect(resolved.indexDigest).toBe(index.digest)
  })

  const named = makeLayout(
    [
      { manifest: image.manifest, annotations: { [REF_NAME]: 'v1' } },
      { manifest: image.manifest, annotations: { [REF_NAME]: 'also-v1' } },
      { manifest: arm.manifest, annotations: { [REF_NAME]: 'arm', 'io.containerd.image.name': 'docker.io/o/app:arm' } },
    ],
    both,
  )

  test('by the name in index.json: a tag, or in full', async () => {
    expect(await resolveDigest(named, 'anything/at-all:v1')).toBe(image.manifest.digest)
    expect(await resolveDigest(named, 'o/app:arm', 'linux/arm64')).toBe(arm.manifest.digest)
    const full = makeLayout([{ manifest: image.manifest, annotations: { [REF_NAME]: 'ghcr.io/o/app:v2' } }], both)
    expect(await resolveDigest(full, 'ghcr.io/o/app:v2')).toBe(image.manifest.digest)
  })

  test('by digest, also of a manifest that index.json does not list', async () => {
    expect(await resolveDigest(named, `x@${image.manifest.digest}`)).toBe(image.manifest.digest)
    const nested = makeLayout([{ manifest: index }], [...both, index])
    expect(await resolveDigest(nested, `x@${arm.manifest.digest}`, 'linux/arm64')).toBe(arm.manifest.digest)
  })

  test('an unnamed image goes by any tag', async () => {
    expect(await resolveDigest(single, 'o/app:whatever')).toBe(image.manifest.digest)
  })

  test('that is not there is not found, and the error says what is', async () => {
    const error = await withLayout(named, async (layout, path) => {
      expect(await layout.head(parseReference('x:v9'))).toBeUndefined()
      const found = await failure(layout.resolve(parseReference('x:v9')))
      expect(found.message).toBe(
        `"${path}": no image "v9" in index.json; there are "v1", "also-v1", "docker.io/o/app:arm"`,
      )
      return found
    })
    expect(error.code).toBe('not-found')
    await expect(resolveDigest(named, `x@sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'not-found' })
    await expect(resolveDigest(makeLayout([], []))).rejects.toMatchObject({ code: 'not-found' })
  })

  test('several with different names must be told apart', async () => {
    await expect(resolveDigest(named)).rejects.toMatchObject({
      code: 'bad-reference',
      message: expect.stringContaining('has several images; name one of "also-v1", "docker.io/o/app:arm"'),
    })
  })

  test('head gives its descriptor', async () => {
    const found = await withLayout(single, (layout) => layout.head(undefined))
    expect(found).toEqual(descriptorOf(image.manifest))
  })

  test('resolved without a reference it is called after its file', async () => {
    const path = join(await writeTemporary(new Map()), 'My App_1.0')
    await writeLayout(path, single)
    const layout = await openImageLayout(path)
    expect((await layout.resolve(undefined)).reference).toEqual({ registry: 'localhost', repository: 'my-app-1-0' })
    await layout.close()
  })
})
