import { uploadBlob } from './blob-upload.ts'
import type { Descriptor } from './descriptor.ts'
import { digestOf, parseDigest } from './digest.ts'
import type { ImageIndex, ImageManifest } from './manifest.ts'
import { MANIFEST_LIMIT, parseManifest } from './manifest.ts'
import { describeManifest, fetchManifest, type ManifestRequest } from './manifest-request.ts'
import { MEDIA_TYPES } from './media-types.ts'
import { RegistryError } from './registry-error.ts'
import { discard } from './transport.ts'

/** Content of an artifact, which is small enough for memory. */
export type AttachedBlob = {
  readonly mediaType: string
  readonly bytes: Uint8Array
  readonly annotations?: Readonly<Record<string, string>>
}

/** An artifact to attach to an image. */
export type Attachment = {
  readonly artifactType: string
  readonly blobs: readonly AttachedBlob[]
}

/** The config of what needs none. Source: image-spec, manifest.md, "Guidance for an empty descriptor". */
const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json', bytes: Buffer.from('{}') }

/** Attaches an artifact to the image that the request names by digest. */
export async function attachArtifact(request: ManifestRequest, attachment: Attachment): Promise<Descriptor> {
  const subject = describeManifest(await fetchManifest(request))
  const { artifactType } = attachment
  const config = await upload(request, EMPTY)
  const layers: Descriptor[] = []
  for (const blob of attachment.blobs) layers.push(await upload(request, blob))
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, artifactType, config, layers, subject }
  const bytes = Buffer.from(JSON.stringify(manifest))
  const digest = digestOf(bytes)
  const knowsReferrers = await putManifest(request, digest, bytes, MEDIA_TYPES.ociManifest)
  const descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest, size: bytes.length }
  if (!knowsReferrers) await addToTag(request, subject.digest, { ...descriptor, artifactType })
  return descriptor
}

/** The artifacts of a type that are attached to the image that the request names by digest. */
export async function findAttachments(
  request: ManifestRequest,
  artifactType: string,
): Promise<readonly ImageManifest[]> {
  const tag = tagOf(request.name)
  const index = (await readReferrers(request)) ?? (await readTag(request, tag))
  const wanted = (index?.manifests ?? []).filter((each) => each.artifactType === artifactType)
  const manifests: ImageManifest[] = []
  for (const descriptor of wanted) {
    const { document } = await fetchManifest({ ...request, name: descriptor.digest }, descriptor)
    if (document.kind === 'manifest') manifests.push(document.manifest)
  }
  return manifests
}

async function upload(request: ManifestRequest, { mediaType, bytes, annotations }: AttachedBlob): Promise<Descriptor> {
  const digest = await uploadBlob({ ...request, bytes })
  return { mediaType, digest, size: bytes.length, ...(annotations && { annotations }) }
}

/** @returns whether the registry lists it as a referrer by itself */
async function putManifest(
  { session, scope, subject, signal }: ManifestRequest,
  name: string,
  bytes: Uint8Array,
  mediaType: string,
): Promise<boolean> {
  const answer = await session.open({
    scope,
    method: 'PUT',
    path: `manifests/${name}`,
    subject,
    headers: { 'content-type': mediaType },
    body: bytes,
    signal,
  })
  await discard(answer.body)
  return answer.headers['oci-subject'] !== undefined
}

/** Source: distribution-spec, "Listing Referrers"; `undefined` from a registry that does not know the call. */
async function readReferrers({
  session,
  scope,
  name,
  subject,
  signal,
}: ManifestRequest): Promise<ImageIndex | undefined> {
  const path = `referrers/${name}`
  return missingIsUndefined(async () => {
    const { bytes, headers } = await session.read({ scope, method: 'GET', path, subject, signal }, MANIFEST_LIMIT)
    // Some answer everything they do not know with a page.
    if (!headers['content-type']?.startsWith(MEDIA_TYPES.ociIndex)) return undefined
    const document = parseManifest(bytes, MEDIA_TYPES.ociIndex, subject)
    return document.kind === 'index' ? document.index : undefined
  })
}

/** Source: distribution-spec, "Referrers Tag Schema". */
async function readTag(request: ManifestRequest, tag: string): Promise<ImageIndex | undefined> {
  return missingIsUndefined(async () => {
    const { document } = await fetchManifest({ ...request, name: tag })
    return document.kind === 'index' ? document.index : undefined
  })
}

/** Two that do this at once may lose one of the two; so says the specification, too. */
async function addToTag(request: ManifestRequest, digest: string, artifact: Descriptor): Promise<void> {
  const tag = tagOf(digest)
  const known = (await readTag(request, tag))?.manifests ?? []
  if (known.some((each) => each.digest === artifact.digest)) return
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [...known, artifact] }
  await putManifest(request, tag, Buffer.from(JSON.stringify(index)), MEDIA_TYPES.ociIndex)
}

function tagOf(digest: string): string {
  const parsed = parseDigest(digest)
  if (parsed) return `${parsed.algorithm}-${parsed.hex}`.slice(0, 128)
  throw new RegistryError('unsupported', `"${digest}": artifacts are attached to a digest; resolve the tag first`)
}

async function missingIsUndefined<T>(call: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    const isMissing = error instanceof RegistryError && (error.code === 'not-found' || error.code === 'unsupported')
    if (isMissing) return undefined
    throw error
  }
}
