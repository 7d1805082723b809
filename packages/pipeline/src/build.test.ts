import { connectEngine } from '@tf-images/engine'
import type { RenderedImage } from '@tf-images/recipe'
import { RegistryClient } from '@tf-images/registry'
import { expect, test } from 'vitest'
import { json, messages, startFakeEngine } from '../../engine/test/fake-engine.ts'
import { buildAndSave } from './build.ts'
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
