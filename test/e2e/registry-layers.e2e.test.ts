import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { registryLayers } from '../../packages/pipeline/src/registry-layers.ts'
import { convertLeg } from '../../packages/pipeline/src/stages/convert-leg.ts'
import { legResult } from '../../packages/pipeline/src/stages/leg-result.ts'
import { publishLeg } from '../../packages/pipeline/src/stages/publish-leg.ts'
import type { ImageFixture } from '../../packages/registry/test/image-fixture.ts'
import { type Fixtures, file } from '../../packages/rootfs/test/layer-builder.ts'
import { type CountingRegistry, countDownloads } from '../harness/counting-registry.ts'
import { imageOf } from '../harness/image-layout.ts'
import { createWorld, type World } from '../harness/world.ts'

/** Machines that know nothing of each other but the registry and the hub. */
let world: World
let registry: CountingRegistry

const noise = (bytes: number) => file(randomBytes(bytes).toString('latin1'))
const base: Fixtures = { 'usr/base': noise(3_000_000) }
const middle: Fixtures = { 'usr/middle': noise(1_000_000) }
const first: Fixtures = { 'etc/version': file('1') }
const second: Fixtures = { 'etc/version': file('2') }

beforeAll(async () => {
  world = await createWorld()
  registry = await countDownloads(world.registry.split('/')[0] ?? '')
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

/** Converts an image on a machine of its own, and says what that downloaded. */
async function convertOn(machine: string, image: ImageFixture, options: { readonly cache?: boolean } = {}) {
  const folder = join(world.folder, machine)
  const reference = `${registry.host}/tf-images/app@${image.manifest.digest}`
  const report = {
    name: 'app',
    status: 'built',
    decision: { action: 'build', reason: 'new' },
    buildId: image.manifest.digest,
    base: `docker.io/library/debian@sha256:${'0'.repeat(64)}`,
    reference,
    flist: `app-${image.manifest.digest.slice(7, 19)}.flist`,
    link: 'app.flist',
    durations: {},
  } as const
  const credentials = async () => undefined
  const layers = options.cache === false ? undefined : registryLayers({ credentials, folder: join(folder, 'layers') })
  registry.takeDownloads()
  const { FLIST_HUB_URL = '', FLIST_HUB_GATEWAY = '', FLIST_HUB_BACKEND = '' } = world.env
  const hub = { url: FLIST_HUB_URL, gateway: FLIST_HUB_GATEWAY, backend: FLIST_HUB_BACKEND, token: world.token }
  const built = legResult('build', machine, [report], [])
  const progress = () => {}
  // They are layers to count, and nothing that starts.
  const gate = false
  const converted = await convertLeg({ built, folder, hub, gate, progress, ...(layers ? { layers } : {}) })
  await layers?.close()
  const downloads = registry.takeDownloads()
  expect(converted.failures).toEqual([])
  return { converted, folder, hub, credentials, progress, downloads, conversion: converted.images[0]?.conversion }
}

async function push(image: ImageFixture, tag: string): Promise<void> {
  const url = `http://${registry.host}/v2/tf-images/app`
  for (const { digest, bytes } of [image.config, ...image.layers]) {
    const begun = await fetch(`${url}/blobs/uploads/`, { method: 'POST' })
    const target = new URL(begun.headers.get('location') ?? '', url)
    target.searchParams.set('digest', digest)
    const stored = await fetch(target, { method: 'PUT', body: new Uint8Array(bytes) })
    expect(stored.status).toBe(201)
  }
  const headers = { 'content-type': image.manifest.mediaType }
  const body = new Uint8Array(image.manifest.bytes)
  expect((await fetch(`${url}/manifests/${tag}`, { method: 'PUT', headers, body })).status).toBe(201)
}

test('a fresh machine downloads only the layer that is new, and makes the same flist', async () => {
  const [one, two] = [await imageOf([base, middle, first]), await imageOf([base, middle, second])]
  await push(one, 'one')
  const before = await convertOn('first', one)
  expect(before.conversion?.layers).toEqual({ total: 3, cached: 0 })
  const sizeOfAll = one.layers.reduce((sum, { size }) => sum + size, 0)
  expect(layerBytes(before.downloads, one)).toBe(sizeOfAll)
  const published = await publishLeg(before)
  expect(published.failures).toEqual([])

  await push(two, 'two')
  const after = await convertOn('second', two)
  expect(after.conversion?.layers).toEqual({ total: 3, cached: 2 })
  expect(layerBytes(after.downloads, two)).toBe(two.layers[2]?.size)
  // With config and the indexes of the layers that are known.
  const total = [...after.downloads.values()].reduce((sum, bytes) => sum + bytes, 0)
  expect(total).toBeLessThan(sizeOfAll / 100)

  const without = await convertOn('third', two, { cache: false })
  expect(without.conversion?.treeHash).toBe(after.conversion?.treeHash)
  expect(layerBytes(without.downloads, two)).toBeGreaterThan(sizeOfAll * 0.99)
})

test('a layer whose chunks reached no hub is converted again', async () => {
  const image = await imageOf([base, middle, second])
  const { conversion, downloads } = await convertOn('fourth', image)
  // What the second machine made was never published: its new chunks are nowhere, so that layer is converted again.
  expect(conversion?.layers).toEqual({ total: 3, cached: 2 })
  expect(layerBytes(downloads, image)).toBe(image.layers[2]?.size)
})

function layerBytes(downloads: ReadonlyMap<string, number>, { layers }: ImageFixture): number {
  return layers.reduce((sum, { digest }) => sum + (downloads.get(digest) ?? 0), 0)
}
