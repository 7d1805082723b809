import { connectEngine } from '@tf-images/engine'
import type { RenderedImage } from '@tf-images/recipe'
import { parseReference, RegistryClient } from '@tf-images/registry'
import { expect, test } from 'vitest'
import { json, messages, startFakeEngine } from '../../engine/test/fake-engine.ts'
import { startRegistry } from '../../registry/test/fake-registry.ts'
import { makeImage } from '../../registry/test/image-fixture.ts'
import { buildAndPush, buildAndSave } from './build.ts'
import { INPUTS_LABEL } from './build-id.ts'
import { PhaseRunner } from './progress.ts'

const rendered: RenderedImage = {
  name: 'app',
  description: 'An app',
  base: { kind: 'base', name: 'base', reference: 'docker.io/library/base:1' },
  files: new Map([['Dockerfile', { content: Buffer.from('ARG BASE\nFROM $BASE\n'), mode: 0o644 }]]),
  sourceMap: [],
  downloads: [],
  sources: [],
  snippets: new Map(),
  fileHashes: new Map(),
}

test('a password is given to the registry that it is for, and not to those of bases', async () => {
  const known = json(200, { Id: 'sha256:1', Config: {}, Os: 'linux', Architecture: 'amd64', Size: 1 })
  await using fake = await startFakeEngine({
    'POST /images/create': messages([{ status: 'Pull complete' }]),
    'GET /images/docker.io/library/base:1/json': known,
    'GET /images/ghcr.io/me/app:latest/json': known,
    'POST /build': json(500, { message: 'enough' }),
  })
  const client = new RegistryClient({})
  const request = {
    rendered,
    root: '.',
    base: 'docker.io/library/base:1',
    cacheFrom: 'ghcr.io/me/app:latest',
    buildArguments: {},
    references: ['ghcr.io/me/app:1'] as const,
    labels: {},
    platform: 'linux/amd64',
  }
  const credentials = async (registry: string) =>
    registry === 'ghcr.io' ? { username: 'me', password: 'hunter22' } : undefined
  const engine = await connectEngine({ socketPath: fake.socketPath })
  const services = { engine, client, credentials, phases: new PhaseRunner('app', () => {}) }
  await expect(buildAndSave(request, services, '/nowhere')).rejects.toThrow('enough')
  await client.close()
  const pulls = fake.requests.filter(({ path }) => path === '/images/create')
  const given = pulls.map(({ query, headers }) => [
    query.get('fromImage'),
    Buffer.from(String(headers['x-registry-auth']), 'base64url').toString(),
  ])
  expect(given).toEqual([
    ['docker.io/library/base', '{}'],
    ['ghcr.io/me/app', expect.stringContaining('hunter22')],
  ])
})

test('an image of the time of its commit says in its manifest from what it was made', async () => {
  const registry = await startRegistry()
  const pushed = makeImage({ docker: true, config: { created: '2026-01-01T00:00:00Z' } })
  registry.putImage('me/app', pushed, 'staging')
  const push = { aux: { Tag: 'staging', Digest: pushed.manifest.digest, Size: pushed.manifest.size } }
  const base = 'docker.io/library/base:1'
  await using fake = await startFakeEngine({
    'POST /images/create': messages([{ status: 'Pull complete' }]),
    [`GET /images/${base}/json`]: json(200, {
      Id: 'sha256:1',
      Config: {},
      Os: 'linux',
      Architecture: 'amd64',
      Size: 1,
    }),
    [`GET /images/${base}/history`]: json(200, []),
    'POST /build': messages([
      { stream: 'Step 1/1 : FROM $BASE' },
      { aux: { ID: `sha256:${'1'.repeat(64)}` } },
      { stream: 'Successfully built 111111111111\n' },
    ]),
    [`POST /images/${registry.host}/me/app/push`]: messages([push]),
  })
  const client = new RegistryClient({})
  const engine = await connectEngine({ socketPath: fake.socketPath })
  const services = { engine, client, credentials: async () => undefined, phases: new PhaseRunner('app', () => {}) }
  const reference = `${registry.host}/me/app:1`
  const request = {
    rendered,
    root: '.',
    base,
    buildArguments: {},
    references: [reference] as const,
    labels: { [INPUTS_LABEL]: '{"inputs":1}', 'org.opencontainers.image.source': 'https://example.org' },
    platform: 'linux/amd64',
    created: 1_700_000_001,
  }
  const { digest } = await buildAndPush(request, services)
  const found = await client.manifest(parseReference(reference))
  await client.close()
  await registry.close()
  expect(found.digest).toBe(digest)
  expect(found.document).toMatchObject({ manifest: { mediaType: 'application/vnd.oci.image.manifest.v1+json' } })
  expect(found.document).toHaveProperty('manifest.annotations', { [INPUTS_LABEL]: '{"inputs":1}' })
})
