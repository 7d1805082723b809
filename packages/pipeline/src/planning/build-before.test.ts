import { RegistryClient } from '@tf-images/registry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeRegistry, startRegistry } from '../../../registry/test/fake-registry.ts'
import { type ImageFixture, makeImage, makeIndex } from '../../../registry/test/image-fixture.ts'
import { INPUTS_LABEL } from '../build-id.ts'
import { imageNames } from '../image-names.ts'
import { findBuildBefore } from './build-before.ts'
import { type BuildInputs, inputsLabel } from './build-inputs.ts'

/** What is told of the build before, and how often the registry is asked for that. */
let registry: FakeRegistry
let client: RegistryClient

beforeEach(async () => {
  registry = await startRegistry()
  client = new RegistryClient({ retries: 0 })
})
afterEach(async () => {
  await client.close()
  await registry.close()
})

const PUBLISHED = 'b'.repeat(12)
const PLATFORM = 'linux/amd64'
const annotated: BuildInputs = {
  context: 'a'.repeat(64),
  base: { name: 'debian:12', digest: 'sha256:b' },
  platform: PLATFORM,
  arguments: {},
  snippets: { greet: 'in the annotation' },
  converter: '2',
  builder: '2',
  files: {},
}
const labelled: BuildInputs = { ...annotated, snippets: { greet: 'in the label' } }
const layers = ['a layer', 'another']
const bytes = layers.join('').length

/** An image that says of itself what is given. */
function image({ annotation, label }: { annotation?: string; label?: string }): ImageFixture {
  const annotations = annotation === undefined ? {} : { annotations: { [INPUTS_LABEL]: annotation } }
  const labels = label === undefined ? {} : { [INPUTS_LABEL]: label }
  return makeImage({ layers, manifest: annotations, config: { config: { Labels: labels } } })
}

async function find() {
  const names = imageNames('app', 'c'.repeat(64), `${registry.host}/o`)
  const before = await findBuildBefore(names, PUBLISHED, { client, platform: PLATFORM })
  return { before, asked: registry.requests.map(({ path }) => path.replace('/v2/o/app/', '')) }
}

test('an annotation of the manifest tells it in one request', async () => {
  const { manifest } = image({ annotation: inputsLabel(annotated), label: inputsLabel(labelled) })
  registry.putManifest('o/app', manifest, PUBLISHED)
  expect(await find()).toEqual({ before: { inputs: annotated, bytes }, asked: [`manifests/${PUBLISHED}`] })
})

test('without one it is the label that tells it, and the manifest is asked for once', async () => {
  const older = image({ label: inputsLabel(labelled) })
  registry.putImage('o/app', older, PUBLISHED)
  const asked = [`manifests/${PUBLISHED}`, `blobs/${older.config.digest}`]
  expect(await find()).toEqual({ before: { inputs: labelled, bytes }, asked })
})

test.each(['', 'null', '{}', '{"base":{}}', '[1]', `${inputsLabel(annotated)}}`])(
  'an annotation of somebody else is none, and the label counts: %j',
  async (annotation) => {
    registry.putImage('o/app', image({ annotation, label: inputsLabel(labelled) }), PUBLISHED)
    expect((await find()).before).toEqual({ inputs: labelled, bytes })
  },
)

test('where both are of somebody else, nothing is known but its size', async () => {
  registry.putImage('o/app', image({ annotation: '{', label: '[]' }), PUBLISHED)
  expect((await find()).before).toEqual({ inputs: undefined, bytes })
})

test('in an index a platform is chosen first, and what the index says of itself does not count', async () => {
  const inside = image({ label: inputsLabel(labelled) })
  const index = makeIndex([[inside, { os: 'linux', architecture: 'amd64' }]], {
    annotations: { [INPUTS_LABEL]: inputsLabel(annotated) },
  })
  registry.putImage('o/app', inside)
  registry.putManifest('o/app', index, PUBLISHED)
  const { before, asked } = await find()
  expect(before).toEqual({ inputs: labelled, bytes })
  expect(asked).toEqual([
    `manifests/${PUBLISHED}`,
    `manifests/${inside.manifest.digest}`,
    `blobs/${inside.config.digest}`,
  ])
})

test('what the link leads to may be gone, or be none that can be read: then it is the last one', async () => {
  registry.putManifest('o/app', image({ annotation: inputsLabel(annotated) }).manifest, 'latest')
  const found = { inputs: annotated, bytes }
  expect(await find()).toEqual({ before: found, asked: [`manifests/${PUBLISHED}`, 'manifests/latest'] })
  registry.putManifest('o/app', makeImage({ manifest: { annotations: { [INPUTS_LABEL]: 1 } } }).manifest, PUBLISHED)
  expect((await find()).before).toEqual(found)
})

test('a build for another platform is told where its manifest tells it; a config for another is refused', async () => {
  const arm = { ...annotated, platform: 'linux/arm64' }
  const { manifest } = image({ annotation: inputsLabel(arm) })
  registry.putManifest('o/app', manifest, PUBLISHED)
  expect((await find()).before).toEqual({ inputs: arm, bytes })
  registry.putImage('o/app', makeImage({ layers, architecture: 'arm64' }), PUBLISHED)
  expect((await find()).before).toBeUndefined()
})

test('where neither is there, nothing is known', async () => {
  expect((await find()).before).toBeUndefined()
})
