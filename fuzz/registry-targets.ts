import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { imageFormat, openDockerArchive, openImageLayout } from '../packages/registry/src/archives.ts'
import { parseChallenges } from '../packages/registry/src/challenge.ts'
import { parseDockerConfig } from '../packages/registry/src/docker-config.ts'
import { parseDockerManifest } from '../packages/registry/src/docker-manifest.ts'
import { parseImageConfig } from '../packages/registry/src/image-config.ts'
import { parseManifest } from '../packages/registry/src/manifest.ts'
import { parseReference } from '../packages/registry/src/reference.ts'
import { RegistryError } from '../packages/registry/src/registry-error.ts'
import { statusError } from '../packages/registry/src/status-error.ts'
import { indexTar } from '../packages/registry/src/tar-index.ts'
import { requestToken } from '../packages/registry/src/token-service.ts'
import { archiveFiles, savedImage } from '../packages/registry/test/docker-archive-fixture.ts'
import { makeImage, makeIndex } from '../packages/registry/test/image-fixture.ts'
import { blobsOf, makeLayout } from '../packages/registry/test/layout-fixture.ts'
import { tarOf } from '../packages/rootfs/test/layer-builder.ts'
import { withInputFile } from './input-folder.ts'
import { repairChecksums } from './rootfs-targets.ts'
import type { Target } from './target.ts'

const CHALLENGES = [
  'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"',
  'Basic realm="a \\"quoted\\" realm", Digest realm=x, nonce=abc==, Negotiate dG9rZW42OA==, NTLM',
]
const DOCKER_CONFIG = { auths: { 'ghcr.io': { auth: 'dXNlcjpwYXNz' } }, credHelpers: { 'gcr.io': 'gcloud' } }
const REFERENCES = ['registry.example:5000/a/b__c/d-e:v1.2_3', `nginx@sha256:${'0a'.repeat(32)}`]

const bytes = (...texts: readonly string[]) => texts.map((text) => Buffer.from(text))

async function indexFile(path: string): Promise<void> {
  await using handle = await open(path)
  await indexTar(handle, path)
}

/** Reads all there is of an image in an archive, whichever kind it takes it for. */
async function readArchive(path: string): Promise<void> {
  const isLayout = (await imageFormat(path)) === 'layout'
  const archive = await (isLayout ? openImageLayout(path) : openDockerArchive(path))
  try {
    const { reference, layers } = await archive.resolve(undefined)
    for (const layer of layers) for await (const _ of archive.blob(reference, layer));
  } finally {
    await archive.close()
  }
}

/** An archive of `docker save` with a link for a layer that is twice in it, and an image layout; as tars. */
async function imageArchives(): Promise<Buffer[]> {
  const image = makeImage()
  const layout = makeLayout([{ manifest: image.manifest }], blobsOf(image))
  const saved = archiveFiles([savedImage(['app:1'], ['first', 'first'])])
  return Promise.all([
    tarOf([...layout].map(([name, content]) => [name, { type: 'file', content }] as const)),
    tarOf(
      Object.entries(saved).map(([name, file]) =>
        typeof file === 'object' && 'link' in file
          ? ([name, { type: 'symlink', linkname: file.link }] as const)
          : ([name, { type: 'file', content: file }] as const),
      ),
    ),
  ])
}

const HOME = new URL('http://127.0.0.1:5000')

const answerOf = (status: number, input: Buffer) => ({
  status,
  headers: { 'retry-after': input.toString('latin1', 0, 8) },
  body: Readable.from([input]),
  origin: HOME.origin,
})

/** Asks for a token, and gets this for an answer. */
async function askForToken(input: Buffer): Promise<void> {
  const request = {
    realm: `${HOME}token`,
    service: 'registry',
    scope: 'repository:app:pull',
    registry: HOME.host,
    home: HOME,
    credentials: undefined,
    account: 'anonymously',
    redact: (text: string) => text,
  }
  await requestToken({ send: async () => answerOf(200, input), close: async () => {} }, request)
}

/** The error that answers with this body give. */
async function readErrors(input: Buffer): Promise<void> {
  const redact = (text: string) => text
  const request = { subject: 'app:1', registry: HOME.host, repository: 'app', home: HOME, account: '', redact }
  for (const status of [401, 404, 429, 500]) await statusError(answerOf(status, input), { ...request, anonymous: true })
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
    {
      name: 'tar-index',
      weight: 5,
      seeds: [tar],
      repair: repairChecksums,
      read: (input) => withInputFile(input, 'a.tar', indexFile),
      refusal,
    },
    {
      name: 'image-archive',
      weight: 6,
      seeds: await imageArchives(),
      repair: repairChecksums,
      read: (input) => withInputFile(input, 'a.tar', readArchive),
      refusal,
    },
    {
      name: 'token-answer',
      weight: 3,
      seeds: bytes('{"access_token":"abc","expires_in":300}'),
      read: askForToken,
      refusal,
    },
    {
      name: 'error-answer',
      weight: 3,
      seeds: bytes('{"errors":[{"code":"DENIED","message":"no","detail":"x"}]}', '{"error":"invalid_grant"}'),
      read: readErrors,
    },
  ]
}
