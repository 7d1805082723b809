import { uploadBlob } from './blob-upload.ts'
import { readBounded } from './bounded-read.ts'
import { openConfigBlob } from './config-blob.ts'
import type { Descriptor } from './descriptor.ts'
import { digestOf } from './digest.ts'
import { CONFIG_LIMIT } from './image-config.ts'
import type { ImageManifest } from './manifest.ts'
import { fetchManifest, type ManifestRequest } from './manifest-request.ts'
import { MEDIA_TYPES } from './media-types.ts'
import { convertDockerManifest, mergeAnnotations } from './oci-manifest.ts'
import { RegistryError } from './registry-error.ts'
import { discard } from './transport.ts'
import { isObject, type JsonObject, parseJsonObject } from './untrusted-json.ts'

/** What a dated image has besides its time. */
export type DatingOptions = {
  /** Entries of its history that are those of its base; none when not given. An engine takes layers over from an image only while they are equal */
  readonly inherited?: number
  /** What its manifest says besides; they win over those it has */
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * Puts an image beside itself that has other times and annotations: none of its own times is later than the one given. It is there by
 * its digest only, as no tag leads to it yet. Config and manifest are new, all layers those that are there.
 *
 * A manifest of Docker's becomes the OCI manifest that says the same, as Docker's has no annotations; where a part of it is of a type
 * that OCI does not know, it stays as it is, without them. Source: image-spec, config.md, `created`; manifest.md, `annotations`.
 *
 * @param request names the image, with the right to push
 * @param created milliseconds since the epoch
 */
export async function putDatedImage(
  request: ManifestRequest,
  created: number,
  { inherited = 0, annotations }: DatingOptions = {},
): Promise<Descriptor> {
  const { document, bytes: original } = await fetchManifest(request)
  if (document.kind !== 'manifest') {
    throw new RegistryError('unsupported', `${request.subject}: is an index; name the image of one platform`)
  }
  const { manifest } = document
  const before = parseJsonObject(await readConfig(request, manifest.config), request.subject)
  const bytes = Buffer.from(JSON.stringify(withTime(before, created, inherited)))
  const config = { digest: await uploadBlob({ ...request, bytes }), size: bytes.length }
  const converted = convertDockerManifest(manifest)
  const fields = converted ?? parseJsonObject(original, request.subject)
  return putManifest(request, withConfig(fields, converted ?? manifest, config, annotations))
}

function readConfig(request: ManifestRequest, descriptor: Descriptor): Promise<Buffer> {
  return readBounded(openConfigBlob(request, descriptor), CONFIG_LIMIT)
}

/** Nothing of its own is younger than the time given. */
function withTime(config: JsonObject, latest: number, inherited: number): JsonObject {
  const text = new Date(latest).toISOString().replace('.000Z', 'Z')
  const dated = (value: unknown) => (typeof value === 'string' && Date.parse(value) <= latest ? value : text)
  const { history } = config
  const datedEntry = (entry: unknown, index: number) =>
    isObject(entry) && index >= inherited ? { ...entry, created: dated(entry.created) } : entry
  const entries = Array.isArray(history) ? { history: history.map(datedEntry) } : {}
  return { ...config, created: dated(config.created), ...entries }
}

/** The fields of a manifest, those that nobody here knows too, with another config. */
function withConfig(
  fields: JsonObject,
  { mediaType, config: before, annotations: own }: ImageManifest,
  config: Pick<Descriptor, 'digest' | 'size'>,
  given: DatingOptions['annotations'],
): JsonObject & Pick<ImageManifest, 'mediaType'> {
  const annotations = mediaType === MEDIA_TYPES.ociManifest ? mergeAnnotations(own, given) : undefined
  return { ...fields, mediaType, config: { ...before, ...config }, ...(annotations && { annotations }) }
}

async function putManifest(
  { session, scope, subject, signal }: ManifestRequest,
  manifest: JsonObject & Pick<ImageManifest, 'mediaType'>,
): Promise<Descriptor> {
  const { mediaType } = manifest
  const bytes = Buffer.from(JSON.stringify(manifest))
  const digest = digestOf(bytes)
  const headers = { 'content-type': mediaType }
  const path = `manifests/${digest}`
  const answer = await session.open({ scope, method: 'PUT', path, subject, headers, body: bytes, signal })
  await discard(answer.body)
  return { mediaType, digest, size: bytes.length }
}
