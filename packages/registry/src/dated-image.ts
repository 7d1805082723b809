import { uploadBlob } from './blob-upload.ts'
import type { Descriptor } from './descriptor.ts'
import { digestOf } from './digest.ts'
import { type FetchedManifest, fetchManifest, type ManifestRequest } from './manifest-request.ts'
import { RegistryError } from './registry-error.ts'
import { discard } from './transport.ts'
import { isObject, type JsonObject, parseJsonObject } from './untrusted-json.ts'

/**
 * Puts an image beside itself that differs in its times alone: none of its own is later than the one given. It is there by its digest
 * only, as no tag leads to it yet. Source: image-spec, config.md, `created`.
 *
 * @param request names the image, with the right to push
 * @param config reads the config of a descriptor, checked
 * @param created milliseconds since the epoch
 * @param inherited entries of its history that are those of its base. An engine takes layers over from an image only while they are equal
 */
export async function putDatedImage(
  request: ManifestRequest,
  config: (descriptor: Descriptor) => Promise<Uint8Array>,
  created: number,
  inherited = 0,
): Promise<Descriptor> {
  const found = await fetchManifest(request)
  const { document } = found
  if (document.kind !== 'manifest') {
    throw new RegistryError('unsupported', `${request.subject}: is an index; name the image of one platform`)
  }
  const before = parseJsonObject(await config(document.manifest.config), request.subject)
  const bytes = Buffer.from(JSON.stringify(withTime(before, created, inherited)))
  const digest = await uploadBlob({ ...request, bytes })
  return putManifest(request, found, { digest, size: bytes.length })
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

async function putManifest(
  { session, scope, subject, signal }: ManifestRequest,
  { bytes: original }: FetchedManifest,
  config: Pick<Descriptor, 'digest' | 'size'>,
): Promise<Descriptor> {
  const manifest = parseJsonObject(original, subject)
  const changed = { ...manifest, config: { ...(isObject(manifest.config) ? manifest.config : {}), ...config } }
  const bytes = Buffer.from(JSON.stringify(changed))
  const mediaType = String(manifest.mediaType)
  const digest = digestOf(bytes)
  const headers = { 'content-type': mediaType }
  const path = `manifests/${digest}`
  const answer = await session.open({ scope, method: 'PUT', path, subject, headers, body: bytes, signal })
  await discard(answer.body)
  return { mediaType, digest, size: bytes.length }
}
