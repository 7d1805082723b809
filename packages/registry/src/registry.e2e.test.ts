import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect, failure } from '../test/collect.ts'
import { type DebianRegistry, PASSWORD, startDebianRegistry, USERNAME } from '../test/debian-registry.ts'
import { descriptorOf, makeImage, makeIndex } from '../test/image-fixture.ts'
import { RegistryClient } from './client.ts'
import { parseDockerConfig } from './docker-config.ts'
import { parseReference, type Reference } from './reference.ts'

const image = makeImage({ docker: true, layers: ['small', randomBytes(2_000_000).toString('latin1')] })
const arm = makeImage({ architecture: 'arm64', layers: ['arm'] })
const index = makeIndex([
  [image, { os: 'linux', architecture: 'amd64' }],
  [arm, { os: 'linux', architecture: 'arm64', variant: 'v8' }],
])

let registry: DebianRegistry
let client: RegistryClient

beforeAll(async () => {
  registry = await startDebianRegistry()
  await registry.pushImage('o/app', image, '1')
  await registry.pushImage('o/app', arm, 'arm')
  await registry.pushManifest('o/app', index, 'both')
  const auth = Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')
  const config = JSON.stringify({ auths: { [registry.host]: { auth } } })
  client = new RegistryClient({ credentials: async (host) => parseDockerConfig(config, host) })
})

afterAll(async () => {
  await client?.close()
  await registry?.close()
})

function reference(name: string): Reference {
  return parseReference(`${registry.host}/${name}`)
}

test('an image is read down to the bytes of its layers', async () => {
  const resolved = await client.resolve(reference('o/app:1'))
  expect(resolved).toMatchObject({
    digest: image.manifest.digest,
    configDescriptor: descriptorOf(image.config),
    layers: image.layers.map(descriptorOf),
  })
  for (const [n, layer] of resolved.layers.entries()) {
    const bytes = await collect(client.blob(resolved.reference, layer))
    expect(bytes.equals(image.layers[n]?.bytes ?? Buffer.alloc(0))).toBe(true)
  }
})

test('an index is resolved by platform, by tag and by digest', async () => {
  const byTag = await client.resolve(reference('o/app:both'), 'linux/arm64')
  expect(byTag).toMatchObject({ digest: arm.manifest.digest, indexDigest: index.digest })
  const byDigest = await client.resolve(reference(`o/app@${index.digest}`))
  expect(byDigest.digest).toBe(image.manifest.digest)
})

test('head says what there is', async () => {
  expect(await client.head(reference('o/app:1'))).toEqual(descriptorOf(image.manifest))
  expect(await client.head(reference('o/app:both'))).toEqual(descriptorOf(index))
  expect(await client.head(reference('o/app:gone'))).toBeUndefined()
  expect(await client.head(reference('o/gone:1'))).toBeUndefined()
})

test('a tag is added without touching the image', async () => {
  expect(await client.tag(reference('o/app'), image.manifest.digest, 'stable')).toEqual(descriptorOf(image.manifest))
  expect((await client.resolve(reference('o/app:stable'))).digest).toBe(image.manifest.digest)
  await client.tag(reference('o/app'), index.digest, 'stable')
  expect((await client.head(reference('o/app:stable')))?.digest).toBe(index.digest)
})

test("an image of Docker's gets another time and annotations, and is an OCI image then", async () => {
  const annotations = { 'org.example.inputs': '{"a":"ü"}' }
  const dated = await client.date(reference(`o/app@${image.manifest.digest}`), 0, { annotations })
  await client.tag(reference('o/app'), dated.digest, 'dated')
  const { digest, document } = await client.manifest(reference('o/app:dated'))
  expect(digest).toBe(dated.digest)
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  expect(document).toMatchObject({ kind: 'manifest', manifest: { mediaType, annotations } })
  const resolved = await client.resolve(reference('o/app:dated'))
  expect(resolved.layers.map((layer) => layer.digest)).toEqual(image.layers.map((layer) => layer.digest))
  expect(resolved.config.created).toBe('1970-01-01T00:00:00Z')
})

test('missing blobs and manifests are not found', async () => {
  const error = await failure(client.resolve(reference('o/app:gone')))
  expect(error).toMatchObject({ code: 'not-found', status: 404 })
  expect(error.message).toContain('MANIFEST_UNKNOWN "manifest unknown"')
  const [layer] = arm.layers
  const missing = { ...descriptorOf(arm.manifest), digest: layer?.digest.replace(/.{8}$/, '00000000') ?? '' }
  expect((await failure(collect(client.blob(reference('o/app'), missing)))).code).toBe('not-found')
})

test('without an account, or with a wrong password, it says who was refused', async () => {
  const anonymous = new RegistryClient()
  const error = await failure(anonymous.resolve(reference('o/app:1')))
  expect(error).toMatchObject({ code: 'unauthorized', status: 401 })
  expect(error.message).toContain(`asked anonymously; give credentials for ${registry.host}`)
  await anonymous.close()

  const impostor = new RegistryClient({ credentials: async () => ({ username: USERNAME, password: 'wrong-password' }) })
  const refused = await failure(impostor.resolve(reference('o/app:1')))
  expect(refused.message).toContain(`asked as user "${USERNAME}"`)
  expect(refused.message).not.toContain('wrong-password')
  await impostor.close()
})
