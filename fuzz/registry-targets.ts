import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseChallenges } from '../packages/registry/src/challenge.ts'
import { parseDockerConfig } from '../packages/registry/src/docker-config.ts'
import { parseDockerManifest } from '../packages/registry/src/docker-manifest.ts'
import { parseImageConfig } from '../packages/registry/src/image-config.ts'
import { parseManifest } from '../packages/registry/src/manifest.ts'
import { parseReference } from '../packages/registry/src/reference.ts'
import { RegistryError } from '../packages/registry/src/registry-error.ts'
import { indexTar } from '../packages/registry/src/tar-index.ts'
import { makeImage, makeIndex } from '../packages/registry/test/image-fixture.ts'
import { tarOf } from '../packages/rootfs/test/layer-builder.ts'
import { repairChecksums } from './rootfs-targets.ts'
import type { Target } from './target.ts'

const CHALLENGES = [
  'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"',
  'Basic realm="a \\"quoted\\" realm", Digest realm=x, nonce=abc==, Negotiate dG9rZW42OA==, NTLM',
]
const DOCKER_CONFIG = { auths: { 'ghcr.io': { auth: 'dXNlcjpwYXNz' } }, credHelpers: { 'gcr.io': 'gcloud' } }
const REFERENCES = ['registry.example:5000/a/b__c/d-e:v1.2_3', `nginx@sha256:${'0a'.repeat(32)}`]

const bytes = (...texts: readonly string[]) => texts.map((text) => Buffer.from(text))

async function indexFile(input: Buffer): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'))
  try {
    const path = join(folder, 'a.tar')
    await writeFile(path, input)
    await using handle = await open(path)
    await indexTar(handle, path)
  } finally {
    await rm(folder, { recursive: true })
  }
}

export async function registryTargets(): Promise<Target[]> {
  const image = makeImage()
  const manifests = [
    image.manifest.bytes,
    makeIndex([[image, { os: 'linux', architecture: 'arm', variant: 'v7' }]]).bytes,
  ]
  const saved = JSON.stringify([{ Config: 'c.json', RepoTags: ['a:1'], Layers: ['0/layer.tar', '1/layer.tar'] }])
  const tar = await tarOf({
    'manifest.json': { content: saved },
    'a/layer.tar': { content: 'x' },
    'b/layer.tar': { type: 'symlink', linkname: '../a/layer.tar' },
    [`blobs/sha256/${'f'.repeat(120)}`]: { content: 'y' },
  })
  const refusal = RegistryError
  const text = (input: Buffer) => input.toString('latin1')
  return [
    { name: 'manifest', weight: 10, seeds: manifests, read: (input) => parseManifest(input, undefined, 'x'), refusal },
    {
      name: 'config',
      weight: 5,
      seeds: [image.config.bytes],
      read: (input) => parseImageConfig(input, 2, 'x'),
      refusal,
    },
    {
      name: 'docker-manifest',
      weight: 3,
      seeds: bytes(saved),
      read: (input) => parseDockerManifest(input, 'x'),
      refusal,
    },
    {
      name: 'docker-config',
      weight: 3,
      seeds: bytes(JSON.stringify(DOCKER_CONFIG)),
      read: (input) => parseDockerConfig(text(input), 'ghcr.io'),
      refusal,
    },
    { name: 'challenge', weight: 10, seeds: bytes(...CHALLENGES), read: (input) => parseChallenges(text(input)) },
    {
      name: 'reference',
      weight: 4,
      seeds: bytes(...REFERENCES),
      read: (input) => parseReference(text(input)),
      refusal,
    },
    { name: 'tar-index', weight: 5, seeds: [tar], repair: repairChecksums, read: indexFile, refusal },
  ]
}
